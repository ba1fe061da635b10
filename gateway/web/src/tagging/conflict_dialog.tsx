import { useState } from "preact/hooks";
import { Dialog } from "../common/dialog";
import type { Choice, Saving } from "./use_save";

const CHOICES: Record<NonNullable<Choice["on_conflict"]>, { title: string; words: string }> = {
  merge: {
    title: "Merge",
    words: "Keep what they changed in other cells, and put our tags where their rows still match. Rows that they added stay.",
  },
  replace: { title: "Replace", words: "Write our file over theirs. What they changed is lost." },
  elsewhere: { title: "Save elsewhere", words: "Leave their file alone, and save ours into another folder from now on." },
};

/** Someone else changed the CSV since it was read or saved. */
export function ConflictDialog({ saving, path }: { saving: Saving; path: string }) {
  const [chosen, setChosen] = useState<NonNullable<Choice["on_conflict"]>>("merge");
  const [folder, setFolder] = useState("");
  const submit = (event: Event) => {
    event.preventDefault();
    void saving.save(chosen === "elsewhere" ? { on_conflict: chosen, save_to: folder.trim() } : { on_conflict: chosen });
  };
  return (
    <Dialog title="Someone else changed the CSV" close={saving.later}>
      <form class="stack" onSubmit={submit}>
        <p>
          <code>{path}</code> is not as it was. {saving.conflict} Nothing has been written, and no label is lost.
        </p>
        <fieldset class="tg-choices">
          <legend class="unseen">What to do</legend>
          {(Object.keys(CHOICES) as (keyof typeof CHOICES)[]).map((choice) => (
            <label key={choice}>
              <input type="radio" name="conflict" checked={chosen === choice} onChange={() => setChosen(choice)} />
              <span>
                <strong>{CHOICES[choice].title}</strong>
                <span class="quiet">{CHOICES[choice].words}</span>
              </span>
            </label>
          ))}
        </fieldset>
        {chosen === "elsewhere" && (
          <label class="stack">
            Folder, on Darkroom's machine
            <input required value={folder} onInput={(event) => setFolder(event.currentTarget.value)} />
          </label>
        )}
        <div class="row">
          <button class="primary" disabled={saving.busy}>
            {saving.busy ? "Saving …" : CHOICES[chosen].title}
          </button>
          <button type="button" onClick={saving.later}>
            Not now
          </button>
        </div>
      </form>
    </Dialog>
  );
}
