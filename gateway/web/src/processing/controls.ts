/** What a parameter's JSON Schema asks for, as a control. Pure. */

import { type Operation, type Parameters, type Schema, worded } from "./model";

interface Common {
  name: string;
  title: string;
  description: string;
  unit: string;
  default: unknown;
  /** Null is a value too: the operation chooses by itself. */
  optional: boolean;
}

export interface NumberControl extends Common {
  kind: "number";
  integer: boolean;
  min: number;
  max: number;
  /** Whole numbers that are allowed lie this far apart (2 where they must be odd); 0 for any. */
  step: number;
}

export interface ChoiceControl extends Common {
  kind: "choice";
  choices: readonly (string | number)[];
}

export interface SwitchControl extends Common {
  kind: "switch";
}

export type Control = NumberControl | ChoiceControl | SwitchControl;

export function controlsOf(operation: Operation): Control[] {
  return Object.entries(operation.parameters.properties ?? {}).flatMap(([name, schema]) => controlOf(name, schema) ?? []);
}

/** Null for a schema that no control fits; the parameter then keeps its default. */
export function controlOf(name: string, schema: Schema): Control | null {
  const optional = schema.anyOf?.some((one) => one.type === "null") ?? false;
  const plain = schema.anyOf?.find((one) => one.type !== "null") ?? schema;
  const common: Common = {
    name,
    title: worded(schema.title ?? name),
    description: schema.description ?? "",
    unit: schema.unit ?? plain.unit ?? "",
    default: schema.default ?? null,
    optional,
  };
  if (plain.enum) return { ...common, kind: "choice", choices: plain.enum };
  if (plain.type === "boolean") return { ...common, kind: "switch" };
  if (plain.type === "integer" || plain.type === "number") return numberOf(common, plain);
  return null;
}

function numberOf(common: Common, schema: Schema): NumberControl {
  const integer = schema.type === "integer";
  const odd = schema.not?.multipleOf === 2;
  const max = schema.maximum ?? 1000;
  let min = schema.minimum ?? 0;
  if (schema.exclusiveMinimum !== undefined) min = schema.exclusiveMinimum + (integer ? 1 : 0.01);
  return {
    ...common,
    kind: "number",
    integer,
    min: odd && min % 2 === 0 ? min + 1 : min,
    max: odd && max % 2 === 0 ? max - 1 : max,
    step: odd ? 2 : integer ? 1 : 0,
  };
}

/** What an operation has where nobody has chosen anything. */
export function defaultsOf(operation: Operation): Parameters {
  return Object.fromEntries(controlsOf(operation).map((one) => [one.name, one.default]));
}

/** The nearest value that is allowed. */
export function fit(control: NumberControl, value: number): number {
  const inside = Math.min(control.max, Math.max(control.min, value));
  if (!control.step) return rounded(inside);
  return Math.min(control.max, control.min + Math.round((inside - control.min) / control.step) * control.step);
}

/** Where an automatic value goes over to one of one's own. */
export function firstValue(control: NumberControl): number {
  if (typeof control.default === "number") return control.default;
  return fit(control, control.max - control.min <= 1000 ? (control.min + control.max) / 2 : 640);
}

/** Three figures are as much as a slider can mean. */
function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

/** Whether the value is not what the operation has by itself. */
export function isChanged(control: Control, value: unknown): boolean {
  return value !== undefined && value !== control.default;
}
