/** The operations, searched as one types; arrows and Enter take one. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Dialog } from "../common/dialog";
import type { Operation } from "./model";
import { found } from "./pipeline";

interface Props {
  operations: readonly Operation[];
  take(operation: Operation): void;
  close(): void;
}

export function OperationPicker({ operations, take, close }: Props) {
  const [words, setWords] = useState("");
  const [at, setAt] = useState(0);
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const fitting = useMemo(() => found(operations, words), [operations, words]);
  useEffect(() => field.current?.focus(), []);
  useEffect(() => list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" }), [at, words]);
  const keyed = (event: KeyboardEvent) => {
    const way = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    const chosen = fitting[at];
    if (way) setAt(Math.max(0, Math.min(fitting.length - 1, at + way)));
    else if (event.key === "Enter" && chosen) take(chosen);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title="Add an operation" close={close} wide>
      <input
        ref={field}
        class="proc-picker-words"
        role="combobox"
        aria-label="Search operations"
        aria-expanded="true"
        aria-controls="operations"
        aria-autocomplete="list"
        aria-activedescendant={fitting[at] ? `operation-${fitting[at].name}` : undefined}
        placeholder="blur, edges, crop …"
        value={words}
        onInput={(event) => (setWords(event.currentTarget.value), setAt(0))}
        onKeyDown={keyed}
      />
      <div ref={list} id="operations" class="proc-picker" role="listbox" aria-label="Operations" tabIndex={-1}>
        {fitting.map((one, place) => (
          <div
            key={one.name}
            id={`operation-${one.name}`}
            role="option"
            class="proc-option"
            aria-selected={place === at}
            onClick={() => take(one)}
            onPointerMove={() => setAt(place)}
          >
            <span class="row">
              <strong>{one.title}</strong> <span class="proc-family">{one.family}</span>
            </span>
            <span class="quiet">{one.description}</span>
          </div>
        ))}
      </div>
      {fitting.length === 0 && (
        <p class="centre quiet" role="status">
          No operation fits.
        </p>
      )}
    </Dialog>
  );
}
