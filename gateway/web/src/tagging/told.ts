/** What an event `tagging.dataset.tagged` tells, unpacked (services/tagging/flips.py: rows_as_json). */

import type { Runs } from "./model";
import type { Told } from "./labels";

interface WireRows {
  runs?: [number, number][];
  /** base64 of zlib of one bit a row from `first` on, the first row in the highest bit. */
  bitmap?: { first: number; data: string };
}

export interface TaggedData {
  dataset: number;
  revision: number;
  change: number;
  kind: "tag" | "undo" | "redo";
  by: string;
  changes: { tag: string; value: boolean; rows: WireRows }[];
}

/** The cells that turned over. At once where all are runs; else a promise. */
export function unpack(data: TaggedData): Told[] | Promise<Told[]> {
  if (data.changes.every((change) => change.rows.runs)) {
    return data.changes.map(({ tag, value, rows }) => ({ tag, value, runs: rows.runs ?? [] }));
  }
  return Promise.all(data.changes.map(async ({ tag, value, rows }) => ({ tag, value, runs: await runsIn(rows) })));
}

async function runsIn(rows: WireRows): Promise<Runs> {
  if (rows.runs) return rows.runs;
  if (!rows.bitmap) return [];
  return runsOfBits(await inflated(rows.bitmap.data), rows.bitmap.first);
}

async function inflated(base64: string): Promise<Uint8Array> {
  const packed = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The runs of set bits, the highest bit of each byte first. */
export function runsOfBits(bits: Uint8Array, first: number): Runs {
  const runs: [number, number][] = [];
  for (let at = 0; at < bits.length * 8; at++) {
    if (!((bits[at >> 3] ?? 0) & (0x80 >> (at & 7)))) continue;
    const run = runs.at(-1);
    if (run && run[1] === first + at - 1) run[1] += 1;
    else runs.push([first + at, first + at]);
  }
  return runs;
}
