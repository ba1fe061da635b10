/** One parameter of a step: its control, what it means, and the way back to its default. */

import { useEffect, useId, useState } from "preact/hooks";
import { type ChoiceControl, type Control, type NumberControl, firstValue, fit, isChanged } from "./controls";
import { POSITIONS, bend, moved, position } from "./slider";

interface Props<C extends Control = Control> {
  control: C;
  value: unknown;
  change(value: unknown): void;
}

/** `about` is the id of the words that say what the parameter means. */
interface FaceProps<C extends Control = Control> extends Props<C> {
  about: string;
}

export function Parameter({ control, value, change }: Props) {
  const about = useId();
  const changed = isChanged(control, value);
  return (
    <div class="proc-param">
      <div class="proc-param-head">
        <span>
          {control.title} {control.unit && <span class="quiet">{control.unit}</span>}
        </span>
        {changed && (
          <button class="plain proc-reset" type="button" onClick={() => change(control.default)} aria-label={`Reset ${control.title}`} title="Back to its default">
            Reset
          </button>
        )}
      </div>
      <Face control={control} value={value} change={change} about={about} />
      {control.description && (
        <p id={about} class="quiet">
          {control.description}
        </p>
      )}
    </div>
  );
}

function Face({ control, value, change, about }: FaceProps) {
  if (control.kind === "switch") {
    return (
      <label class="row">
        <input type="checkbox" aria-describedby={about} checked={value === true} onChange={(event) => change(event.currentTarget.checked)} /> On
        <span class="unseen">: {control.title}</span>
      </label>
    );
  }
  if (control.kind === "choice") return <Choice control={control} value={value} change={change} about={about} />;
  return <Figure control={control} value={value} change={change} about={about} />;
}

function Choice({ control, value, change, about }: FaceProps<ChoiceControl>) {
  return (
    <select
      aria-label={control.title}
      aria-describedby={about}
      value={String(value)}
      onChange={(event) => change(control.choices.find((one) => String(one) === event.currentTarget.value))}
    >
      {control.choices.map((one) => (
        <option key={one} value={String(one)}>
          {String(one)}
        </option>
      ))}
    </select>
  );
}

function Figure({ control, value, change, about }: FaceProps<NumberControl>) {
  const own = typeof value === "number";
  return (
    <>
      {control.optional && (
        <label class="row">
          <input type="checkbox" aria-describedby={about} checked={!own} onChange={(event) => change(event.currentTarget.checked ? null : firstValue(control))} />
          Automatic<span class="unseen">: {control.title}</span>
        </label>
      )}
      {own && (
        <div class="proc-figure">
          <Slide control={control} value={value} change={change} about={about} />
          <Typed control={control} value={value} change={change} />
        </div>
      )}
    </>
  );
}

interface FigureProps {
  control: NumberControl;
  value: number;
  change(value: number): void;
}

function Slide({ control, value, change, about }: FigureProps & { about: string }) {
  const straight = control.step > 0 && bend(control) === 1;
  const range = straight ? { min: control.min, max: control.max, step: control.step } : { min: 0, max: POSITIONS, step: 1 };
  return (
    <input
      type="range"
      aria-label={control.title}
      aria-describedby={about}
      aria-valuetext={`${value} ${control.unit}`.trim()}
      {...range}
      value={straight ? value : position(control, value)}
      onInput={(event) => {
        const at = Number(event.currentTarget.value);
        change(straight ? at : moved(control, value, at));
      }}
    />
  );
}

/** What is typed counts as soon as it is allowed, and is put right when the field is left. */
function Typed({ control, value, change }: FigureProps) {
  const [text, setText] = useState(String(value));
  useEffect(() => {
    setText((now) => (now.trim() !== "" && Number(now) === value ? now : String(value)));
  }, [value]);
  const take = (typed: string) => {
    setText(typed);
    const number = Number(typed);
    if (typed.trim() === "" || !isAllowed(control, number)) return;
    change(number);
  };
  return (
    <input
      type="number"
      aria-label={`${control.title}, typed`}
      min={control.min}
      max={control.max}
      step={control.step || "any"}
      value={text}
      onInput={(event) => take(event.currentTarget.value)}
      onBlur={() => {
        const right = text.trim() === "" || Number.isNaN(Number(text)) ? value : fit(control, Number(text));
        setText(String(right));
        if (right !== value && !isAllowed(control, Number(text))) change(right);
      }}
    />
  );
}

function isAllowed(control: NumberControl, value: number): boolean {
  if (!(value >= control.min && value <= control.max)) return false;
  return !control.step || Number.isInteger((value - control.min) / control.step);
}
