/** The pipeline that is edited: for all images, or for the shown one alone. */

import { useEffect, useState } from "preact/hooks";
import { useKeys } from "../common/keys";
import { useShell } from "../common/shell";
import { useStore } from "../common/store";
import { draft, edited, restored, setAlone, withPipeline } from "./draft";
import { MOST_STEPS, type Operation } from "./model";
import { OperationPicker } from "./operation_picker";
import { type Pipeline, added, changed, fromWire, movedTo, removed } from "./pipeline";
import { SaveDialog, SavedDialog } from "./saved_dialogs";
import { StepCard } from "./step_card";

export function PipelinePanel({ operations }: { operations: readonly Operation[] }) {
  const now = useStore(draft);
  const { say, session } = useShell();
  const [asking, setAsking] = useState<"operation" | "saved" | "save" | null>(null);
  const [told, setTold] = useState("");
  const pipeline = edited(now);
  const edit = (change: (pipeline: Pipeline) => Pipeline) => draft.update((one) => withPipeline(one, change(edited(one))));
  const full = pipeline.length >= MOST_STEPS;
  const add = () => (full ? say(`A pipeline has at most ${MOST_STEPS} steps`) : setAsking("operation"));
  useKeys([{ keys: ["a"], title: "Add an operation", group: "Processing", run: add }]);
  const move = (id: number, to: number) => {
    edit((one) => movedTo(one, id, to));
    const place = Math.max(0, Math.min(pipeline.length - 1, to));
    setTold(`Now step ${place + 1} of ${pipeline.length}`);
    // Its card has gone elsewhere in the document, and the focus with it.
    requestAnimationFrame(() => document.getElementById(`step-${id}`)?.focus());
  };
  useEffect(() => {
    const dropped = (event: Event) => {
      const { id, place } = (event as CustomEvent<{ id: number; place: number }>).detail;
      move(id, place);
    };
    document.addEventListener("darkroom-step", dropped);
    return () => document.removeEventListener("darkroom-step", dropped);
  });
  return (
    <section class="proc-pipeline" aria-label="Pipeline">
      <div class="proc-images-head">
        <h2 class="grow">Pipeline</h2>
        <button class="plain" onClick={() => setAsking("saved")}>
          Saved
        </button>
        {session.scopes.includes("write") && (
          <button class="plain" disabled={!pipeline.length} onClick={() => setAsking("save")}>
            Save
          </button>
        )}
      </div>
      <Scope />
      <button class={pipeline.length ? "" : "primary"} onClick={add} disabled={full} title="Add an operation ( A )">
        + Add an operation
      </button>
      {pipeline.length === 0 && <p class="quiet">Each operation works on what the one before it made.</p>}
      <ol class="proc-steps">
        {pipeline.map((step, place) => {
          const operation = operations.find((one) => one.name === step.operation);
          if (!operation) return null;
          return (
            <StepCard
              key={step.id}
              step={step}
              operation={operation}
              place={place}
              count={pipeline.length}
              change={(parameters) => edit((one) => changed(one, step.id, parameters))}
              move={(to) => move(step.id, to)}
              remove={() => {
                const before = draft.get();
                edit((one) => removed(one, step.id));
                say({ text: `${operation.title} removed`, action: { label: "Undo", run: () => draft.update((one) => restored(one, before, pipeline)) } });
              }}
            />
          );
        })}
      </ol>
      <p class="unseen" role="status">
        {told}
      </p>
      {asking === "operation" && (
        <OperationPicker
          operations={operations}
          close={() => setAsking(null)}
          take={(operation) => {
            setAsking(null);
            edit((one) => added(one, operation));
          }}
        />
      )}
      {asking === "saved" && (
        <SavedDialog
          operations={operations}
          close={() => setAsking(null)}
          take={(steps) => {
            setAsking(null);
            edit(() => fromWire(steps, operations));
          }}
        />
      )}
      {asking === "save" && <SaveDialog pipeline={pipeline} close={() => setAsking(null)} />}
    </section>
  );
}

function Scope() {
  const now = useStore(draft);
  const shown = now.sources.find((one) => one.id === now.shown);
  if (!shown || now.sources.length < 2) return null;
  const others = Object.keys(now.own).length;
  return (
    <div class="stack">
      <div class="proc-segments" role="group" aria-label="For which images">
        <button aria-pressed={!now.alone} onClick={() => draft.update((one) => setAlone(one, false))}>
          All images
        </button>
        <button aria-pressed={now.alone} onClick={() => draft.update((one) => setAlone(one, true))} title={shown.name}>
          Only this one
        </button>
      </div>
      {now.alone ? (
        <p class="quiet">{shown.name} has a pipeline of its own. “All images” drops it.</p>
      ) : (
        others > 0 && <p class="quiet">Without those that have one of their own: {others}</p>
      )}
    </div>
  );
}
