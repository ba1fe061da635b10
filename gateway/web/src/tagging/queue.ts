/** Changes on their way to the service, in order, kept in the browser until they have arrived. */

import type { Change, Runs } from "./model";

/** A change that has not been answered yet. Sent twice it does the same as once: it says what is to be, not what to do. */
export interface Entry {
  id: string;
  dataset: number;
  runs: Runs;
  change: Change;
  /** The name of the key it was made under: it goes out under no other. */
  by?: string;
  /** Why the service does not want it. Such entries wait for a person. */
  refused?: string;
}

/** The part of Storage that is used. */
export type Shelf = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

const PREFIX = "darkroom.outbox.";
const ALIVE = "darkroom.outbox_alive.";
/** A page that has not said for so long that it lives is gone, and another one sends what it left. Browsers let a
 * page that is not looked at speak once a minute. */
export const GONE_MS = 90_000;

export class Queue {
  private list: Entry[] = [];
  private next = 1;
  /** False where the browser keeps nothing: what is unsent is lost with the page. */
  durable = true;

  /** `page` tells this page (a tab of a browser) from others with the same storage, `who` who is signed in. */
  constructor(
    private readonly shelf: Shelf | null,
    private readonly page: string,
    private readonly now: () => number = Date.now,
    private readonly who: () => string | null = () => null,
  ) {
    this.durable = shelf !== null;
  }

  /** Those of who is signed in; the others' stay on the shelf until these come back. */
  get entries(): readonly Entry[] {
    return this.list.filter((entry) => this.mine(entry));
  }

  get waiting(): readonly Entry[] {
    return this.list.filter((entry) => this.mine(entry) && entry.refused === undefined);
  }

  /** The names under which the others' were made. */
  get others(): readonly string[] {
    return [...new Set(this.list.filter((entry) => !this.mine(entry)).map((entry) => entry.by ?? ""))];
  }

  /** It is on the disk of the browser before this returns. */
  add(dataset: number, runs: Runs, change: Change): Entry {
    const id = `${this.now().toString(36).padStart(9, "0")}-${(this.next++).toString(36).padStart(6, "0")}`;
    const by = this.who();
    const entry: Entry = { id, dataset, runs, change, ...(by === null ? {} : { by }) };
    this.list.push(entry);
    this.write(entry);
    this.live();
    return entry;
  }

  first(): Entry | undefined {
    return this.list.find((entry) => this.mine(entry) && entry.refused === undefined);
  }

  done(id: string): void {
    this.list = this.list.filter((entry) => entry.id !== id);
    this.shelf?.removeItem(this.place(id));
    if (!this.list.length) this.shelf?.removeItem(ALIVE + this.page);
  }

  /** The service does not want it: it stays, and the others go on. */
  refuse(id: string, why: string): void {
    this.list = this.list.map((entry) => (entry.id === id ? { ...entry, refused: why } : entry));
    const entry = this.list.find((one) => one.id === id);
    if (entry) this.write(entry);
  }

  /** To be tried again: also what was refused. */
  again(): void {
    this.list = this.list.map(({ refused, ...entry }) => (refused === undefined || this.mine(entry) ? entry : { ...entry, refused }));
    for (const entry of this.entries) this.write(entry);
  }

  /** This page lives: to be said every second or two while something waits. */
  live(): void {
    if (this.list.length) this.put(ALIVE + this.page, String(this.now()));
  }

  /** Takes over what pages have left that are gone, and what this one had before it was loaded anew. */
  adopt(): Entry[] {
    const found: Entry[] = [];
    for (const name of this.names()) {
      const page = name.slice(PREFIX.length, name.indexOf("/"));
      if (page !== this.page && this.now() - Number(this.shelf?.getItem(ALIVE + page) ?? 0) < GONE_MS) continue;
      const entry = this.read(name);
      if (entry && this.list.some((one) => one.id === entry.id)) continue;
      if (entry) found.push(entry);
      if (page === this.page) continue;
      if (entry) this.write(entry);
      this.shelf?.removeItem(name);
    }
    // Entries are named by time: what was done first goes first, whichever page it was done in.
    if (found.length) this.list = [...found, ...this.list].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
    return found;
  }

  private mine(entry: Entry): boolean {
    return entry.by === undefined || entry.by === this.who();
  }

  private names(): string[] {
    const names: string[] = [];
    for (let at = 0; at < (this.shelf?.length ?? 0); at++) {
      const name = this.shelf?.key(at);
      if (name?.startsWith(PREFIX)) names.push(name);
    }
    return names;
  }

  private read(name: string): Entry | null {
    try {
      const entry = JSON.parse(this.shelf?.getItem(name) ?? "null") as Entry | null;
      return entry && typeof entry.id === "string" && Array.isArray(entry.runs) ? entry : null;
    } catch {
      return null;
    }
  }

  private write(entry: Entry): void {
    this.put(this.place(entry.id), JSON.stringify(entry));
  }

  private put(name: string, text: string): void {
    try {
      this.shelf?.setItem(name, text);
    } catch {
      this.durable = false;
    }
  }

  private place(id: string): string {
    return `${PREFIX}${this.page}/${id}`;
  }
}
