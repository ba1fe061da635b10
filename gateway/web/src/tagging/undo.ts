/** What can be undone and done again: for each change, what it made of which rows. Pure. */

import { runsOf } from "./frames";
import { type Tags, same } from "./labels";
import type { Change, Runs } from "./model";

/** A change of some rows. */
export interface Step {
  runs: Runs;
  change: Change;
}

/** What a row was and became. */
interface Turned {
  row: number;
  before: Tags;
  after: Tags;
}

export interface Deed {
  title: string;
  turned: readonly Turned[];
}

const AT_MOST = 500;

export class Deeds {
  private done: Deed[] = [];
  private undone: Deed[] = [];

  get canUndo(): boolean {
    return this.done.length > 0;
  }

  get canRedo(): boolean {
    return this.undone.length > 0;
  }

  add(deed: Deed): void {
    if (!deed.turned.length) return;
    this.done = [...this.done, deed].slice(-AT_MOST);
    this.undone = [];
  }

  /** The steps that undo the newest deed; rows that somebody has changed since stay as they are. */
  undo(now: (row: number) => Tags | undefined, single: boolean): { deed: Deed; steps: Step[] } | null {
    const deed = this.done.pop();
    if (!deed) return null;
    this.undone.push(deed);
    return { deed, steps: stepsTo(deed.turned.map(({ row, before, after }) => ({ row, from: after, to: before })), now, single) };
  }

  redo(now: (row: number) => Tags | undefined, single: boolean): { deed: Deed; steps: Step[] } | null {
    const deed = this.undone.pop();
    if (!deed) return null;
    this.done.push(deed);
    return { deed, steps: stepsTo(deed.turned.map(({ row, before, after }) => ({ row, from: before, to: after })), now, single) };
  }
}

/** Changes that lead each row where it shall go, rows of the same change together. Only cells of the deed are touched. */
function stepsTo(
  wanted: { row: number; from: Tags; to: Tags }[],
  now: (row: number) => Tags | undefined,
  single: boolean,
): Step[] {
  const groups = new Map<string, { change: Change; rows: number[] }>();
  for (const { row, from, to } of wanted) {
    const change = changeOf(from, to, now(row), single);
    if (!change) continue;
    const name = JSON.stringify(change);
    const group = groups.get(name) ?? { change, rows: [] };
    group.rows.push(row);
    groups.set(name, group);
  }
  return [...groups.values()].map(({ change, rows }) => ({ change, runs: runsOf(rows) }));
}

function changeOf(from: Tags, to: Tags, now: Tags | undefined, single: boolean): Change | null {
  if (single) {
    if (now && !same(now, from)) return null;
    const [code] = to;
    return code === undefined ? { set: {}, clear: true } : { set: { [code]: true } };
  }
  const set: Record<string, boolean> = {};
  for (const code of [...from, ...to].sort()) {
    const value = to.has(code);
    if (from.has(code) === value || (now && now.has(code) !== from.has(code))) continue;
    set[code] = value;
  }
  return Object.keys(set).length ? { set } : null;
}
