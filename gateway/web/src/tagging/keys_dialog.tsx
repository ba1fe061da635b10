/** Other keys: of tags, for everybody who works on the dataset; of actions, in this browser. */

import { useState } from "preact/hooks";
import { Dialog } from "../common/dialog";
import { wordsOf } from "../common/http";
import { keyName, shownKey } from "../common/keys";
import { useStore } from "../common/store";
import { ACTIONS, type Action, type Choices, conflicts, keysOf } from "./keymap";
import { DATASETS, type Dataset } from "./model";
import type { Work } from "./work";

interface Props {
  work: Work;
  choices: Choices;
  setChoices(choices: Choices): void;
  close(): void;
}

const IGNORED = new Set(["shift", "control", "alt", "meta", "tab", "escape", "shift+tab"]);

export function KeysDialog({ work, choices, setChoices, close }: Props) {
  const dataset = useStore(work.dataset);
  const [why, setWhy] = useState("");
  const give = async (keys: Record<string, string | null>) => {
    try {
      setWhy("");
      work.take(await work.http.json<Dataset>("PATCH", `${DATASETS}/${work.id}`, { keys }));
    } catch (error) {
      setWhy(wordsOf(error));
    }
  };
  const give_tag = (code: number, key: string) => {
    // Whoever had the key gives it up: one key, one tag.
    const others = dataset.tags.filter((tag) => tag.code !== code && tag.key?.toLowerCase() === key);
    void give({ ...Object.fromEntries(others.map((tag) => [tag.code, null])), [code]: key });
  };
  return (
    <Dialog title="Change keys" close={close} wide>
      <div class="stack">
        <p>Choose a field and press the key that it shall have. Tags' keys hold for everybody here; the others for this browser.</p>
        {why && (
          <p class="wrong" role="alert">
            {why}
          </p>
        )}
        {conflicts(dataset.tags, choices).map((words) => (
          <p key={words} class="wrong">
            {words}.
          </p>
        ))}
        <div class="key-groups">
          <section>
            <h3>Tags</h3>
            {dataset.tags.map((tag) => (
              <KeyField key={tag.code} title={tag.alias} keys={tag.key ? [tag.key.toLowerCase()] : []} take={(key) => give_tag(tag.code, key)} clear={() => void give({ [tag.code]: null })} />
            ))}
          </section>
          <section>
            <h3>Tagging</h3>
            {(Object.keys(ACTIONS) as Action[]).map((action) => (
              <KeyField
                key={action}
                title={ACTIONS[action].title}
                keys={keysOf(action, choices)}
                take={(key) => setChoices({ ...choices, [action]: [key] })}
                clear={() => setChoices(without(choices, action))}
              />
            ))}
          </section>
        </div>
        <div class="row">
          <button onClick={() => setChoices({})}>Actions as at first</button>
        </div>
      </div>
    </Dialog>
  );
}

function without(choices: Choices, action: Action): Choices {
  const { [action]: _, ...rest } = choices;
  return rest;
}

function KeyField({ title, keys, take, clear }: { title: string; keys: readonly string[]; take(key: string): void; clear(): void }) {
  return (
    <label class="tg-key-field">
      <span>{title}</span>
      <input
        readOnly
        value={keys.map(shownKey).join("  ") || "none"}
        aria-label={`Key for ${title}`}
        onKeyDown={(event) => {
          const name = keyName(event);
          if (IGNORED.has(name) || event.key === "Dead") return;
          event.preventDefault();
          event.stopPropagation();
          if (name === "delete" || name === "backspace") clear();
          else take(name);
        }}
      />
    </label>
  );
}
