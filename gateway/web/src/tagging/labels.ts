/** The labels that the page knows: what the service has said, and on top of it what is on the way there. Pure. */

import { rowsOf } from "./frames";
import type { Change, Row, Runs } from "./model";

export type Tags = ReadonlySet<string>;

const NONE: Tags = new Set();
const JOURNAL = 2000;

/** A change on its way. `id` tells it from the others. */
export interface Pending {
  id: string;
  runs: Runs;
  change: Change;
}

/** Cells that have changed at the service, as an event tells it. */
export interface Told {
  tag: string;
  value: boolean;
  runs: Runs;
}

/** What a row's tags become. With single selection a tag that is set takes the place of the others. */
export function changed(tags: Tags, change: Change, single: boolean): Tags {
  let now = new Set(change.clear ? NONE : tags);
  for (const [code, value] of Object.entries(change.set)) {
    if (value && single) now = new Set();
    if (value) now.add(code);
    else now.delete(code);
  }
  return now;
}

export function same(a: Tags, b: Tags): boolean {
  return a.size === b.size && [...a].every((code) => b.has(code));
}

export class Labels {
  single = false;
  private readonly base = new Map<number, Tags>();
  /** The revision of the dataset at which a row is known whole: events up to it say nothing new. */
  private readonly known = new Map<number, number>();
  private pending: readonly Pending[] = [];
  private byRow = new Map<number, Pending[]>();
  /** What has happened lately: an answer that was under way meanwhile does not know it. */
  private journal: (() => void)[] = [];
  private journalStart = 0;

  /** A row's tags as the person shall see them; undefined where nothing is known of it. */
  of(row: number): Tags | undefined {
    const base = this.base.get(row);
    const pending = this.byRow.get(row);
    if (!pending) return base;
    // A single selection is known whatever was there before.
    if (!base && !pending.some((one) => one.change.clear || (this.single && Object.values(one.change.set).includes(true)))) return undefined;
    return pending.reduce<Tags>((tags, one) => changed(tags, one.change, this.single), base ?? NONE);
  }

  has(row: number): boolean {
    return this.base.has(row);
  }

  /** What is on its way, in order. */
  setPending(pending: readonly Pending[]): void {
    this.pending = pending;
    this.byRow = new Map();
    for (const one of pending) {
      for (const row of rowsOf(one.runs)) {
        const list = this.byRow.get(row);
        if (list) list.push(one);
        else this.byRow.set(row, [one]);
      }
    }
  }

  /** Another change goes on its way: as setPending with it at the end, without counting all anew. */
  addPending(one: Pending): void {
    this.pending = [...this.pending, one];
    for (const row of rowsOf(one.runs)) {
      const list = this.byRow.get(row);
      if (list) list.push(one);
      else this.byRow.set(row, [one]);
    }
  }

  dropPending(id: string): void {
    const gone = this.pending.find((one) => one.id === id);
    if (!gone) return;
    this.pending = this.pending.filter((one) => one !== gone);
    for (const row of rowsOf(gone.runs)) {
      const rest = this.byRow.get(row)?.filter((one) => one !== gone) ?? [];
      if (rest.length) this.byRow.set(row, rest);
      else this.byRow.delete(row);
    }
  }

  /** To be called before rows are asked for; `loaded` takes what it returns. */
  mark(): number {
    return this.journalStart + this.journal.length;
  }

  /** Rows as the service has them; what happened since the mark is put on top. */
  loaded(rows: readonly Pick<Row, "index" | "tags">[], mark: number): void {
    for (const row of rows) {
      this.base.set(row.index, new Set(Object.keys(row.tags).filter((code) => row.tags[code])));
      this.known.delete(row.index);
    }
    for (const again of this.journal.slice(Math.max(0, mark - this.journalStart))) again();
  }

  /** The service has changed cells: somebody's, perhaps ours. */
  told(changes: readonly Told[], revision: number): void {
    this.note(() => {
      for (const { tag, value, runs } of changes) this.turn(tag, value, runs, revision);
    });
  }

  /** A change of ours has arrived; the answer has the row's tags where it was one row. */
  arrived(id: string, revision: number, row?: Pick<Row, "index" | "tags">): void {
    const mine = this.pending.find((one) => one.id === id);
    this.dropPending(id);
    if (row) {
      this.note(() => {
        if ((this.known.get(row.index) ?? 0) >= revision) return;
        this.base.set(row.index, new Set(Object.keys(row.tags).filter((code) => row.tags[code])));
        this.known.set(row.index, revision);
      });
    } else if (mine) {
      this.note(() => {
        for (const each of rowsOf(mine.runs)) {
          const tags = this.base.get(each);
          if (tags && (this.known.get(each) ?? 0) < revision) this.base.set(each, changed(tags, mine.change, this.single));
        }
      });
    }
  }

  forget(): void {
    this.base.clear();
    this.known.clear();
  }

  private turn(tag: string, value: boolean, runs: Runs, revision: number): void {
    for (const [first, last] of runs) {
      const rows = last - first < this.base.size ? rowsOf([[first, last]]) : [...this.base.keys()].filter((row) => row >= first && row <= last);
      for (const row of rows) {
        const tags = this.base.get(row);
        if (!tags || tags.has(tag) === value || (this.known.get(row) ?? 0) >= revision) continue;
        const next = new Set(tags);
        if (value) next.add(tag);
        else next.delete(tag);
        this.base.set(row, next);
      }
    }
  }

  private note(act: () => void): void {
    act();
    this.journal.push(act);
    if (this.journal.length > JOURNAL) {
      this.journal.splice(0, JOURNAL / 2);
      this.journalStart += JOURNAL / 2;
    }
  }
}
