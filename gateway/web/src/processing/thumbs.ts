/** Small pictures, each made once and a few at a time; those not seen for long are let go. */

import { shrunk } from "./pictures";

const EDGE = 320;
const KEPT = 400;
const AT_ONCE = 3;

const made = new Map<string, Promise<string | null>>();
const waiting: (() => void)[] = [];
let busy = 0;

/** The address of a small copy; null for what this browser cannot draw. */
export function thumbOf(key: string, load: () => Promise<Blob>): Promise<string | null> {
  const known = made.get(key);
  if (known) {
    made.delete(key);
    made.set(key, known);
    return known;
  }
  const url = turn(() => make(load));
  made.set(key, url);
  // What could not be loaded is tried again when it is next looked at.
  url.catch(() => made.delete(key));
  forget();
  return url;
}

async function make(load: () => Promise<Blob>): Promise<string | null> {
  const whole = await load();
  const small = await shrunk(whole, EDGE);
  if (small) return URL.createObjectURL(small);
  return (await readable(whole)) ? URL.createObjectURL(whole) : null;
}

async function readable(blob: Blob): Promise<boolean> {
  try {
    (await createImageBitmap(blob)).close();
    return true;
  } catch {
    return false;
  }
}

function forget(): void {
  for (const [key, url] of made) {
    if (made.size <= KEPT) return;
    made.delete(key);
    void url.then((one) => one && URL.revokeObjectURL(one)).catch(() => undefined);
  }
}

async function turn<T>(work: () => Promise<T>): Promise<T> {
  if (busy >= AT_ONCE) await new Promise<void>((go) => waiting.push(go));
  busy += 1;
  try {
    return await work();
  } finally {
    busy -= 1;
    waiting.shift()?.();
  }
}
