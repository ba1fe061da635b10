/** Edits of a pipeline. Pure: each gives a new list. */

import { defaultsOf } from "./controls";
import { MOST_STEPS, type Operation, type Parameters, type WireStep } from "./model";

export interface Step extends WireStep {
  /** Tells it from other steps with the same operation; only inside the page. */
  id: number;
}

export type Pipeline = readonly Step[];

let next = 1;

export function stepOf(operation: Operation): Step {
  return { id: next++, operation: operation.name, parameters: defaultsOf(operation) };
}

/** Full pipelines stay as they are. */
export function added(pipeline: Pipeline, operation: Operation): Pipeline {
  return pipeline.length >= MOST_STEPS ? pipeline : [...pipeline, stepOf(operation)];
}

export function removed(pipeline: Pipeline, id: number): Pipeline {
  return pipeline.filter((step) => step.id !== id);
}

/** The step to another place; places outside are the ends. */
export function movedTo(pipeline: Pipeline, id: number, place: number): Pipeline {
  const from = pipeline.findIndex((step) => step.id === id);
  const step = pipeline[from];
  if (!step) return pipeline;
  const rest = removed(pipeline, id);
  const to = Math.max(0, Math.min(rest.length, place));
  return to === from ? pipeline : rest.toSpliced(to, 0, step);
}

export function changed(pipeline: Pipeline, id: number, parameters: Parameters): Pipeline {
  return pipeline.map((step) => (step.id === id ? { ...step, parameters: { ...step.parameters, ...parameters } } : step));
}

export function toWire(pipeline: Pipeline): WireStep[] {
  return pipeline.map(({ operation, parameters }) => ({ operation, parameters }));
}

/** Steps that came from elsewhere, the parameters that they leave out filled in; unknown operations are left out. */
export function fromWire(steps: readonly WireStep[], operations: readonly Operation[]): Pipeline {
  return steps.slice(0, MOST_STEPS).flatMap((one) => {
    const operation = operations.find((known) => known.name === one.operation);
    if (!operation) return [];
    const step = stepOf(operation);
    const known = Object.entries(one.parameters).filter(([name]) => name in step.parameters);
    return [{ ...step, parameters: { ...step.parameters, ...Object.fromEntries(known) } }];
  });
}

/** "Gaussian blur, Edge detection" */
export function titles(steps: readonly WireStep[], operations: readonly Operation[]): string {
  return steps.map((step) => operations.find((one) => one.name === step.operation)?.title ?? step.operation).join(" → ");
}

/** Operations that fit the words, in all of name, family and description; those whose title begins so first. */
export function found(operations: readonly Operation[], words: string): Operation[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const fitting = operations.filter((one) => {
    const text = `${one.title} ${one.name} ${one.family} ${one.description}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
  const begins = (one: Operation) => one.title.toLowerCase().startsWith(wanted[0] ?? "");
  return wanted.length ? [...fitting.filter(begins), ...fitting.filter((one) => !begins(one))] : fitting;
}
