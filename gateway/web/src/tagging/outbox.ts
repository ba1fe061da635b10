/** Sends what waits in the queue, one after the other, and goes on until all of it has arrived. */

import { type Http, Refusal } from "../common/http";
import { Store } from "../common/store";
import { countOf, rowsOf } from "./frames";
import type { Tags } from "./labels";
import { DATASETS } from "./model";
import { type Entry, Queue } from "./queue";

/** What an answer says: the row's tags where it was one row. */
export interface Answer {
  revision: number;
  change: number | null;
  index?: number;
  tags?: Record<string, boolean>;
}

export interface Standing {
  unsent: number;
  refused: number;
  /** Why nothing goes out at the moment; empty while it does. */
  trouble: string;
  /** Whether it is that the key may not, or nobody is signed in: the line itself is up. */
  barred: boolean;
  durable: boolean;
  /** The names of others whose labels wait in this browser until they sign in again. */
  others: readonly string[];
}

export type Arrived = (entry: Entry, answer: Answer) => void;

const FIRST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 8000;
const HEARTBEAT_MS = 2000;

export class Outbox {
  readonly standing = new Store<Standing>({ unsent: 0, refused: 0, trouble: "", barred: false, durable: true, others: [] });
  private readonly listeners = new Set<Arrived>();
  private readonly added = new Set<(entries: readonly Entry[]) => void>();
  private readonly refusals = new Set<(entry: Entry) => void>();
  private sending = false;
  private wait = FIRST_WAIT_MS;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private trouble = "";
  private barred = false;

  constructor(
    readonly queue: Queue,
    private readonly http: Http,
  ) {}

  /** Takes up what an earlier page has left, and goes on looking for what others leave. */
  start(): void {
    const look = () => {
      this.queue.live();
      const found = this.queue.adopt();
      if (found.length) for (const tell of this.added) tell(found);
      this.tell();
      void this.work();
    };
    look();
    setInterval(look, HEARTBEAT_MS);
    addEventListener("online", () => this.hurry());
  }

  add(dataset: number, runs: Entry["runs"], change: Entry["change"]): Entry {
    const entry = this.queue.add(dataset, runs, change);
    this.tell();
    void this.work();
    return entry;
  }

  /** Calls back for each entry that has arrived. */
  onArrived(listener: Arrived): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Calls back with entries that were taken over from another page. */
  onAdopted(listener: (entries: readonly Entry[]) => void): () => void {
    this.added.add(listener);
    return () => this.added.delete(listener);
  }

  onRefused(listener: (entry: Entry) => void): () => void {
    this.refusals.add(listener);
    return () => this.refusals.delete(listener);
  }

  /** The line is back, or somebody says so. */
  hurry(): void {
    this.wait = FIRST_WAIT_MS;
    clearTimeout(this.timer);
    this.timer = undefined;
    void this.work();
  }

  again(): void {
    this.queue.again();
    for (const tell of this.added) tell(this.queue.waiting);
    this.tell();
    this.hurry();
  }

  drop(entries: readonly Entry[]): void {
    for (const entry of entries) this.queue.done(entry.id);
    this.tell();
  }

  /** Resolves when all that waits now has arrived. Rejects where something does not get there. */
  async flushed(dataset: number): Promise<void> {
    this.trouble = ""; // what was in the way may be over
    this.hurry();
    const mine = () => this.queue.waiting.some((entry) => entry.dataset === dataset);
    while (mine()) {
      if (this.trouble) throw new Error(`Not all labels have arrived yet: ${this.trouble}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  private async work(): Promise<void> {
    if (this.sending || this.timer !== undefined) return;
    this.sending = true;
    try {
      for (let entry = this.queue.first(); entry; entry = this.queue.first()) {
        if (!(await this.one(entry))) break;
      }
    } finally {
      this.sending = false;
    }
  }

  /** False where the next ones have to wait too. */
  private async one(entry: Entry): Promise<boolean> {
    try {
      const answer = await this.http.json<Answer>(...callOf(entry));
      this.wait = FIRST_WAIT_MS;
      this.trouble = "";
      this.barred = false;
      this.queue.done(entry.id);
      for (const tell of this.listeners) tell(entry, answer);
      this.tell();
      return true;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (error.passing || error.status === 401 || error.status === 403) {
        this.barred = !error.passing;
        this.trouble = error.status === 401 ? "sign in again" : error.message;
        this.pause(error.retryAfter * 1000);
        this.tell();
        return false;
      }
      this.queue.refuse(entry.id, error.message);
      for (const tell of this.refusals) tell(entry);
      this.tell();
      return true;
    }
  }

  private pause(atLeast: number): void {
    const pause = Math.max(atLeast, this.wait * (0.75 + Math.random() / 2));
    this.wait = Math.min(LONGEST_WAIT_MS, this.wait * 2);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.work();
    }, pause);
  }

  private tell(): void {
    const unsent = this.queue.waiting.length;
    const refused = this.queue.entries.length - unsent;
    const { durable, others } = this.queue;
    this.standing.set({ unsent, refused, trouble: unsent ? this.trouble : "", barred: this.barred, durable, others });
  }
}

type Call = [method: string, path: string, body: unknown];

/** One row goes the short way. */
export function callOf(entry: Entry): Call {
  const { dataset, runs, change } = entry;
  const [first] = runs;
  if (first && countOf(runs) === 1) return ["PATCH", `${DATASETS}/${dataset}/rows/${first[0]}/tags`, change];
  const rows = runs.length === 1 ? { range: first } : { indices: [...rowsOf(runs)] };
  return ["POST", `${DATASETS}/${dataset}/tag`, { rows, ...change }];
}

/** A short account of tags for a note: "pedestrian, rain" or "no tag". */
export function tagWords(tags: Tags, alias: (code: string) => string): string {
  return tags.size ? [...tags].map(alias).join(", ") : "no tag";
}

let outbox: Outbox | undefined;

/** The one of this page. */
export function outboxOf(http: Http): Outbox {
  if (!outbox) {
    outbox = new Outbox(new Queue(storage(), pageName(), Date.now, () => http.who), http);
    outbox.start();
  }
  return outbox;
}

function storage(): Storage | null {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

/** The same after the page is loaded anew, another one in each tab. */
function pageName(): string {
  const fresh = crypto.getRandomValues(new Uint32Array(2)).join("");
  try {
    const name = sessionStorage.getItem("darkroom.page") ?? fresh;
    sessionStorage.setItem("darkroom.page", name);
    return name;
  } catch {
    return fresh;
  }
}
