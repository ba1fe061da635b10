import { useState } from "preact/hooks";
import { Dialog } from "../common/dialog";
import { wordsOf } from "../common/http";
import { go } from "../common/router";
import { useStore } from "../common/store";
import { type Autosave, DATASETS, type Dataset } from "./model";
import type { Work } from "./work";

/** What autosave is to do, as a form holds it: empty for not at all. */
export function autosaveOf(changes: string, seconds: string): Autosave {
  return { every_changes: changes ? Number(changes) : null, every_seconds: seconds ? Number(seconds) : null };
}

export function SettingsDialog({ work, close }: { work: Work; close(): void }) {
  const dataset = useStore(work.dataset);
  const [name, setName] = useState(dataset.name);
  const [multiple, setMultiple] = useState(dataset.multiple_selection);
  const [changes, setChanges] = useState(String(dataset.autosave.every_changes ?? ""));
  const [seconds, setSeconds] = useState(String(dataset.autosave.every_seconds ?? ""));
  const [why, setWhy] = useState("");
  const [removing, setRemoving] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    try {
      const wanted = { name: name.trim(), multiple_selection: multiple, autosave: autosaveOf(changes, seconds) };
      work.take(await work.http.json<Dataset>("PATCH", `${DATASETS}/${work.id}`, wanted));
      close();
    } catch (error) {
      setWhy(wordsOf(error));
    }
  };
  const remove = async () => {
    try {
      await work.http.call("DELETE", `${DATASETS}/${work.id}`);
      go("#/tagging");
    } catch (error) {
      setWhy(wordsOf(error));
    }
  };
  return (
    <Dialog title="Settings" close={close}>
      <form class="stack" onSubmit={submit}>
        <label class="stack">
          Name
          <input required maxLength={200} value={name} onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        <label class="row">
          <input type="checkbox" checked={multiple} onChange={(event) => setMultiple(event.currentTarget.checked)} />A picture may carry several tags
        </label>
        <p class="quiet">With one tag a picture, a label leads on to the next frame by itself.</p>
        <AutosaveFields changes={changes} seconds={seconds} setChanges={setChanges} setSeconds={setSeconds} />
        <label class="stack">
          Saves go to
          <code>{dataset.csv_path}</code>
        </label>
        {why && (
          <p class="wrong" role="alert">
            {why}
          </p>
        )}
        <div class="row">
          <button class="primary">Keep these settings</button>
          <span class="grow" />
          {removing ? (
            <button type="button" class="danger" onClick={() => void remove()}>
              Really forget it: the CSV stays
            </button>
          ) : (
            <button type="button" class="danger plain" onClick={() => setRemoving(true)}>
              Forget this dataset
            </button>
          )}
        </div>
      </form>
    </Dialog>
  );
}

interface Fields {
  changes: string;
  seconds: string;
  setChanges(text: string): void;
  setSeconds(text: string): void;
}

/** When the CSV is saved by itself. */
export function AutosaveFields({ changes, seconds, setChanges, setSeconds }: Fields) {
  return (
    <fieldset class="tg-autosave">
      <legend>Save the CSV by itself</legend>
      <label class="stack">
        after so many changes
        <input type="number" min={1} max={1_000_000} placeholder="never" value={changes} onInput={(event) => setChanges(event.currentTarget.value)} />
      </label>
      <label class="stack">
        seconds after a change
        <input type="number" min={0.1} max={86_400} step="any" placeholder="never" value={seconds} onInput={(event) => setSeconds(event.currentTarget.value)} />
      </label>
    </fieldset>
  );
}
