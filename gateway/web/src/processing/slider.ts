/** Where a value lies on its slider. Wide ranges are bent, so that the usual values have room. Pure. */

import { type NumberControl, fit } from "./controls";

export const POSITIONS = 200;
const ROOM = 0.3;

/** Power of the bend; 1 for none: the default lies no closer to the left end than `ROOM`. */
export function bend(control: NumberControl): number {
  const width = control.max - control.min;
  const usual = typeof control.default === "number" ? (control.default - control.min) / width : 0;
  if (usual > 0 && usual < ROOM / 2) return Math.log(usual) / Math.log(ROOM);
  return usual === 0 && width > 500 ? Math.max(1, Math.log10(width)) : 1;
}

/** 0 to POSITIONS. */
export function position(control: NumberControl, value: number): number {
  const part = (value - control.min) / (control.max - control.min);
  return Math.round(POSITIONS * Math.max(0, Math.min(1, part)) ** (1 / bend(control)));
}

export function valueAt(control: NumberControl, at: number): number {
  return fit(control, control.min + (control.max - control.min) * (at / POSITIONS) ** bend(control));
}

/** The value that a hand means that moves the slider from `value` to the position `at`: always another one, so that
 * an arrow key is never stuck where two positions mean the same value. */
export function moved(control: NumberControl, value: number, at: number): number {
  const before = position(control, value);
  let wanted = valueAt(control, at);
  const way = Math.sign(at - before);
  if (way !== 0 && (wanted - value) * way <= 0) wanted = fit(control, value + way * least(control, value));
  return wanted;
}

function least(control: NumberControl, value: number): number {
  return control.step || 10 ** (Math.floor(Math.log10(Math.abs(value) || 0.01)) - 2);
}
