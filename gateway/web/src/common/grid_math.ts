/** Where the tiles of a grid lie, so that only those in view are drawn. Pure. */

export interface Shape {
  columns: number;
  /** Height of a row with the gap below it, in pixels. */
  pitch: number;
  /** Rows in all. */
  rows: number;
  tile: number;
}

/** As many columns as fit with tiles at least `least` wide. `ratio` is height by width, `extra` pixels below a picture. */
export function shape(count: number, width: number, least: number, gap: number, ratio: number, extra: number): Shape {
  const columns = Math.max(1, Math.floor((width + gap) / (least + gap)));
  const tile = Math.max(1, (width - gap * (columns - 1)) / columns);
  return { columns, tile, pitch: tile * ratio + extra + gap, rows: Math.ceil(count / columns) };
}

/** The first item to draw and the one after the last, with `spare` rows around what is seen. */
export function span(of: Shape, count: number, top: number, height: number, spare = 3): [number, number] {
  const first = Math.max(0, Math.floor(top / of.pitch) - spare);
  const last = Math.ceil((top + height) / of.pitch) + spare;
  return [Math.min(count, first * of.columns), Math.max(0, Math.min(count, last * of.columns))];
}

/** Where an arrow key leads from an item; null for other keys. */
export function stepFrom(item: number, key: string, columns: number, count: number, page: number): number | null {
  const steps: Record<string, number> = {
    ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns,
    PageUp: -columns * page, PageDown: columns * page, Home: -count, End: count,
  };
  const step = steps[key];
  return step === undefined || count === 0 ? null : Math.max(0, Math.min(count - 1, item + step));
}
