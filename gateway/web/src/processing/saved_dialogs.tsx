/** Pipelines under names: taken, saved, deleted. */

import { useEffect, useState } from "preact/hooks";
import { Dialog } from "../common/dialog";
import { moment } from "../common/format";
import { Refusal, wordsOf } from "../common/http";
import { useShell } from "../common/shell";
import { Failed, Loading } from "../common/states";
import { API, type Operation, type SavedPipeline, type WireStep, pipelinePath } from "./model";
import { type Pipeline, titles, toWire } from "./pipeline";

function useSaved() {
  const { http, live } = useShell();
  const [list, setList] = useState<readonly SavedPipeline[] | null>(null);
  const [why, setWhy] = useState("");
  useEffect(() => {
    const load = () => void http.all<SavedPipeline>(`${API}/pipelines?limit=200`).then(setList, (error: unknown) => setWhy(wordsOf(error)));
    load();
    return live.follow(["processing.pipeline.*"], { reset: load, event: load });
  }, [http, live]);
  return { list, why };
}

interface SavedProps {
  operations: readonly Operation[];
  take(steps: readonly WireStep[]): void;
  close(): void;
}

export function SavedDialog({ operations, take, close }: SavedProps) {
  const { http, failed, session } = useShell();
  const { list, why } = useSaved();
  const [words, setWords] = useState("");
  const [deleting, setDeleting] = useState("");
  const fitting = list?.filter((one) => `${one.name} ${one.description}`.toLowerCase().includes(words.trim().toLowerCase()));
  const remove = (name: string) => {
    setDeleting("");
    http.call("DELETE", pipelinePath(name)).catch(failed);
  };
  return (
    <Dialog title="Saved pipelines" close={close} wide>
      {why && <Failed why={why} />}
      {!list && !why && <Loading what="Loading the pipelines" />}
      {list?.length === 0 && <p class="quiet">None yet. Build a pipeline and press Save: everybody here can use it, programs too, by its name.</p>}
      {list && list.length > 5 && <input type="search" aria-label="Search saved pipelines" placeholder="Search" value={words} onInput={(event) => setWords(event.currentTarget.value)} />}
      <ul class="proc-saved">
        {fitting?.map((one) => (
          <li key={one.name}>
            <div class="grow">
              <strong>{one.name}</strong>
              {one.description && <div>{one.description}</div>}
              <div class="quiet">
                {titles(one.pipeline, operations)} · by {one.created_by}, {moment(one.updated_at)}
              </div>
            </div>
            {deleting === one.name ? (
              <>
                <button class="danger" onClick={() => remove(one.name)}>
                  Delete it
                </button>
                <button onClick={() => setDeleting("")}>Keep it</button>
              </>
            ) : (
              <>
                <button onClick={() => take(one.pipeline)} aria-label={`Use ${one.name}`}>
                  Use
                </button>
                {session.scopes.includes("write") && (
                  <button class="plain danger" onClick={() => setDeleting(one.name)} aria-label={`Delete ${one.name}`}>
                    Delete
                  </button>
                )}
              </>
            )}
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

export function SaveDialog({ pipeline, close }: { pipeline: Pipeline; close(): void }) {
  const { http, say, failed } = useShell();
  const { list } = useSaved();
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [why, setWhy] = useState("");
  const there = list?.some((one) => one.name === name.trim()) ?? false;
  const save = async (event: Event) => {
    event.preventDefault();
    try {
      const wanted = { description, pipeline: toWire(pipeline) };
      // A name that somebody else took in the meantime is not overwritten unseen.
      const headers: Record<string, string> = there ? {} : { "If-None-Match": "*" };
      await http.json("PUT", pipelinePath(name.trim()), wanted, { headers });
      say(`Saved as ${name.trim()}`);
      close();
    } catch (error) {
      if (error instanceof Refusal && error.status < 500 && error.status !== 401) setWhy(error.status === 412 ? "Somebody has just taken this name." : error.message);
      else failed(error);
    }
  };
  return (
    <Dialog title="Save the pipeline" close={close}>
      <form class="stack" onSubmit={save}>
        <label class="stack">
          Name
          <input required maxLength={100} pattern={"[\\p{L}\\p{N}][\\p{L}\\p{N}_ \\-]*"} title="Letters, digits, spaces, _ and -" value={name} onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        <label class="stack">
          What it is for (optional)
          <input maxLength={1000} value={description} onInput={(event) => setDescription(event.currentTarget.value)} />
        </label>
        {there && <p class="quiet">There is a pipeline of this name; it will be replaced.</p>}
        <p role="alert" class="wrong">
          {why}
        </p>
        <button class="primary">{there ? "Replace" : "Save"}</button>
      </form>
    </Dialog>
  );
}
