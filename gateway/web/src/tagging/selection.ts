/** Selected rows, as runs: a million of them is one run. Pure. */

import { runsOf } from "./frames";
import type { Runs } from "./model";

export function holds(runs: Runs, row: number): boolean {
  let [low, high] = [0, runs.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [first, last] = runs[middle] ?? [0, -1];
    if (row < first) high = middle - 1;
    else if (row > last) low = middle + 1;
    else return true;
  }
  return false;
}

export function toggled(runs: Runs, row: number): Runs {
  if (!holds(runs, row)) return united(runs, [[row, row]]);
  return runs.flatMap(([first, last]): [number, number][] => {
    if (row < first || row > last) return [[first, last]];
    const left: [number, number][] = first < row ? [[first, row - 1]] : [];
    return last > row ? [...left, [row + 1, last]] : left;
  });
}

/** From one item of the list to another, both included, beside what is selected already. */
export function reached(runs: Runs, from: number, to: number, rowAt: (item: number) => number): Runs {
  const rows: number[] = [];
  for (let item = Math.min(from, to); item <= Math.max(from, to); item++) rows.push(rowAt(item));
  return united(runs, runsOf(rows));
}

/** All of the list; `rows` null stands for every row. */
export function everything(count: number, rows: readonly number[] | null): Runs {
  if (rows) return runsOf(rows);
  return count ? [[0, count - 1]] : [];
}

export function united(a: Runs, b: Runs): Runs {
  const sorted = [...a, ...b].sort(([x], [y]) => x - y);
  const runs: [number, number][] = [];
  for (const [first, last] of sorted) {
    const run = runs.at(-1);
    if (run && first <= run[1] + 1) run[1] = Math.max(run[1], last);
    else runs.push([first, last]);
  }
  return runs;
}
