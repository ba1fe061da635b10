/** Frames: rows of one moment, one of each camera of the clip. Which rows are in which frame, by arithmetic. Pure. */

import type { Clip } from "./model";

export interface FramePlace {
  /** From 0, over the whole dataset. */
  frame: number;
  clip: Clip;
  /** From 0, within its clip. */
  inClip: number;
  rows: number[];
}

export class Frames {
  /** The first frame of each clip; one more for the end. */
  private readonly starts: number[] = [0];

  constructor(readonly clips: readonly Clip[]) {
    for (const clip of clips) this.starts.push((this.starts.at(-1) ?? 0) + framesOf(clip));
  }

  get count(): number {
    return this.starts.at(-1) ?? 0;
  }

  get rows(): number {
    return this.clips.at(-1)?.end ?? 0;
  }

  at(frame: number): FramePlace | null {
    if (frame < 0 || frame >= this.count) return null;
    const index = last(this.starts, frame);
    const clip = this.clips[index];
    const start = this.starts[index];
    if (!clip || start === undefined) return null;
    const inClip = frame - start;
    const first = clip.begin + inClip * clip.cameras;
    return { frame, clip, inClip, rows: Array.from({ length: clip.cameras }, (_, camera) => first + camera) };
  }

  /** The frame that holds a row; the nearest one where there is no such row. */
  of(row: number): number {
    const index = Math.max(0, last(this.clips.map((clip) => clip.begin), row));
    const clip = this.clips[index];
    if (!clip) return 0;
    const inClip = Math.floor((Math.min(row, clip.end - 1) - clip.begin) / clip.cameras);
    return (this.starts[index] ?? 0) + Math.max(0, inClip);
  }

  firstOfClip(index: number): number {
    return this.starts[index] ?? 0;
  }
}

function framesOf(clip: Clip): number {
  return Math.floor((clip.end - clip.begin) / clip.cameras);
}

/** The last place whose value is at most `wanted`; the values grow. Those of one value: the last of them. */
function last(values: readonly number[], wanted: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] ?? Infinity) <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** What is gone through: all frames, or those that fit a filter. */
export class Sequence {
  private constructor(
    private readonly all: number,
    /** Frames, growing; null for all of them. */
    readonly chosen: readonly number[] | null,
  ) {}

  static whole(count: number): Sequence {
    return new Sequence(count, null);
  }

  static of(frames: readonly number[]): Sequence {
    return new Sequence(frames.length, frames);
  }

  get count(): number {
    return this.all;
  }

  at(place: number): number | undefined {
    if (place < 0 || place >= this.all) return undefined;
    return this.chosen ? this.chosen[place] : place;
  }

  /** The place of a frame, or of the last one before it; -1 where there is none. */
  place(frame: number): number {
    return this.chosen ? last(this.chosen, frame) : Math.min(frame, this.all - 1);
  }

  /** The frame `by` places on; the first or the last one where there is no such. */
  step(frame: number, by: number): number {
    const here = this.place(frame);
    // Between two places, one step back leads to the one before, which `here` is.
    const between = here >= 0 && this.at(here) !== frame && by < 0 ? 1 : 0;
    const to = Math.max(0, Math.min(this.all - 1, here + by + between));
    return this.at(to) ?? frame;
  }
}

/** Rows as runs of neighbours. */
export function runsOf(rows: Iterable<number>): [number, number][] {
  const runs: [number, number][] = [];
  for (const row of [...rows].sort((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run && row <= run[1] + 1) run[1] = Math.max(run[1], row);
    else runs.push([row, row]);
  }
  return runs;
}

export function* rowsOf(runs: readonly (readonly [number, number])[]): Generator<number> {
  for (const [first, last_] of runs) for (let row = first; row <= last_; row++) yield row;
}

export function countOf(runs: readonly (readonly [number, number])[]): number {
  return runs.reduce((sum, [first, last_]) => sum + last_ - first + 1, 0);
}
