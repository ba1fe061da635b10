/** What is selected: names, and the place that a selection with Shift reaches from. Pure. */

export interface Chosen {
  names: ReadonlySet<string>;
  anchor: number | null;
}

export const NONE: Chosen = { names: new Set(), anchor: null };
/** As many as a ZIP may hold. */
export const AT_MOST = 10_000;

export function toggled(chosen: Chosen, name: string, place: number): Chosen {
  const names = new Set(chosen.names);
  if (!names.delete(name)) names.add(name);
  return { names, anchor: place };
}

/** Also these; the anchor stays, so that the next reach begins where this one did. */
export function joined(chosen: Chosen, more: readonly string[]): Chosen {
  return { ...chosen, names: new Set([...chosen.names, ...more].slice(0, AT_MOST)) };
}

/** The places from the anchor to here, in their order. */
export function reach(chosen: Chosen, place: number): [number, number] {
  const from = chosen.anchor ?? place;
  const [first, last] = [Math.min(from, place), Math.max(from, place)];
  return [Math.max(first, last - AT_MOST + 1), last];
}

export function without(chosen: Chosen, name: string): Chosen {
  if (!chosen.names.has(name)) return chosen;
  const names = new Set(chosen.names);
  names.delete(name);
  return { ...chosen, names };
}

export function renamed(chosen: Chosen, from: string, to: string): Chosen {
  if (!chosen.names.has(from)) return chosen;
  return { ...chosen, names: new Set([...chosen.names].map((name) => (name === from ? to : name))) };
}
