/** How often each brightness occurs in a picture. Pure. */

export interface Histogram {
  red: Uint32Array;
  green: Uint32Array;
  blue: Uint32Array;
  /** Brightness by Rec. 601, as OpenCV's grey has it. */
  grey: Uint32Array;
  pixels: number;
}

const BINS = 256;

/** Of RGBA bytes, four a pixel; transparent pixels do not count. */
export function histogram(rgba: Uint8ClampedArray): Histogram {
  const of: Histogram = {
    red: new Uint32Array(BINS),
    green: new Uint32Array(BINS),
    blue: new Uint32Array(BINS),
    grey: new Uint32Array(BINS),
    pixels: 0,
  };
  for (let at = 0; at < rgba.length; at += 4) {
    const [r, g, b] = [rgba[at] as number, rgba[at + 1] as number, rgba[at + 2] as number];
    if (rgba[at + 3] === 0) continue;
    of.red[r]!++;
    of.green[g]!++;
    of.blue[b]!++;
    of.grey[Math.round(0.299 * r + 0.587 * g + 0.114 * b)]!++;
    of.pixels++;
  }
  return of;
}

/** Mean brightness from 0 to 255, and the parts of all pixels that are black and white altogether. */
export function facts(of: Histogram): { mean: number; black: number; white: number } {
  const sum = of.grey.reduce((total, times, value) => total + times * value, 0);
  const all = Math.max(1, of.pixels);
  return { mean: sum / all, black: (of.grey[0] ?? 0) / all, white: (of.grey[BINS - 1] ?? 0) / all };
}

/** The highest bar that is drawn in full: one single value that nearly all pixels have shall not flatten the rest. */
export function ceiling(of: Histogram): number {
  const bins = [...of.red, ...of.green, ...of.blue].sort((a, b) => b - a);
  return Math.max(1, bins[6] ?? 0);
}

/** The outline of the bars in an SVG of 256 by `height`. */
export function outline(bins: Uint32Array, top: number, height: number): string {
  let path = `M0 ${height}`;
  bins.forEach((times, value) => {
    path += `L${value} ${(height * (1 - Math.min(1, times / top))).toFixed(1)}`;
  });
  return `${path}L255 ${height}Z`;
}

/** In words, for those who do not see the curves. */
export function wordsOfHistogram(of: Histogram): string {
  const { mean, black, white } = facts(of);
  const percent = (part: number) => `${part > 0 && part < 0.005 ? "under 1" : Math.round(part * 100)}\u00a0%`;
  return `mean ${Math.round(mean)}, black ${percent(black)}, white ${percent(white)}`;
}
