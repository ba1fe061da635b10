/** One step of the pipeline, with its parameters. */

import { useState } from "preact/hooks";
import { controlsOf, isChanged } from "./controls";
import type { Operation, Parameters } from "./model";
import { Parameter } from "./parameter";
import type { Step } from "./pipeline";

interface Props {
  step: Step;
  operation: Operation;
  place: number;
  count: number;
  change(parameters: Parameters): void;
  move(to: number): void;
  remove(): void;
}

const KIND = "text/x-darkroom-step";

export function StepCard({ step, operation, place, count, change, move, remove }: Props) {
  const [open, setOpen] = useState(true);
  const [over, setOver] = useState(false);
  const controls = controlsOf(operation);
  const changed = controls.filter((one) => isChanged(one, step.parameters[one.name]));
  const keyed = (event: KeyboardEvent) => {
    const way = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!event.altKey || !way) return;
    event.preventDefault();
    move(place + way);
  };
  return (
    <li
      class={`proc-step card ${over ? "over" : ""}`}
      aria-label={`Step ${place + 1}: ${operation.title}`}
      onKeyDown={keyed}
      onDragOver={(event) => event.dataTransfer?.types.includes(KIND) && (event.preventDefault(), setOver(true))}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        setOver(false);
        const from = event.dataTransfer?.getData(KIND);
        if (from) document.dispatchEvent(new CustomEvent("darkroom-step", { detail: { id: Number(from), place } }));
      }}
    >
      <header class="proc-step-head">
        <span class="proc-number" draggable onDragStart={(event) => event.dataTransfer?.setData(KIND, String(step.id))} title="Drag to another place">
          {place + 1}
        </span>
        <button id={`step-${step.id}`} class="plain proc-step-title" aria-expanded={open} onClick={() => setOpen(!open)} title={operation.description}>
          <strong>{operation.title}</strong>
        </button>
        <button class="plain icon" aria-label={`${operation.title} earlier`} title="Earlier (Alt ↑)" disabled={place === 0} onClick={() => move(place - 1)}>
          ↑
        </button>
        <button class="plain icon" aria-label={`${operation.title} later`} title="Later (Alt ↓)" disabled={place === count - 1} onClick={() => move(place + 1)}>
          ↓
        </button>
        <button class="plain icon" aria-label={`Remove ${operation.title}`} title="Remove" onClick={remove}>
          ✕
        </button>
      </header>
      {open && (
        <div class="proc-step-body">
          {controls.length === 0 && <p class="quiet">{operation.description || operation.parameters.description}</p>}
          {controls.map((one) => (
            <Parameter key={one.name} control={one} value={step.parameters[one.name]} change={(value) => change({ [one.name]: value })} />
          ))}
          {changed.length > 1 && (
            <button class="plain proc-reset" onClick={() => change(Object.fromEntries(controls.map((one) => [one.name, one.default])))}>
              All of {operation.title} back to defaults
            </button>
          )}
        </div>
      )}
    </li>
  );
}
