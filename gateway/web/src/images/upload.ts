/** Uploads: a few files at a time, each with its own progress and its own outcome; a line that is down is waited for. */

import { Refusal, toRefusal, wordsOf } from "../common/http";
import type { UploadResult } from "./model";

export interface Upload {
  id: number;
  name: string;
  size: number;
  /** `paused`: the line is down, or the store is busy; it goes on by itself. */
  state: "waiting" | "sending" | "paused" | "done" | "failed";
  /** 0 to 1. */
  progress: number;
  /** What became of it, in words. */
  outcome: string;
}

/** A file, and the name that it shall have: that of a file in a folder tells the folder, too. */
export interface Named {
  file: File;
  name: string;
}

/** What uploads need of the world. */
export interface Line {
  send(named: Named, progress: (part: number) => void, signal: AbortSignal): Promise<UploadResult>;
  /** Whether the store has exactly this under that name, so that it need not be sent. */
  isThere(named: Named): Promise<boolean>;
}

const AT_ONCE = 3;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15_000;
const SKIPPED = "was there already";
const WORDS = { created: "added", updated: "a new version of that name", unchanged: SKIPPED } as const;

export class Uploads {
  private list: readonly Upload[] = [];
  private readonly files = new Map<number, Named>();
  private waiting: number[] = [];
  private readonly ends = new Map<number, AbortController>();
  private readonly sleepers = new Set<() => void>();
  private sending = 0;
  private next = 1;

  constructor(
    private readonly changed: (uploads: readonly Upload[]) => void,
    private readonly line: Line,
  ) {}

  add(files: readonly Named[]): void {
    const added = files.map((named): Upload => {
      const id = this.next++;
      this.files.set(id, named);
      return { id, name: named.name, size: named.file.size, state: "waiting", progress: 0, outcome: "" };
    });
    this.waiting.push(...added.map((upload) => upload.id));
    this.show([...this.list, ...added]);
    this.work();
  }

  /** Forgets those that have ended. */
  clear(): void {
    for (const upload of this.list) if (hasEnded(upload)) this.files.delete(upload.id);
    this.show(this.list.filter((upload) => !hasEnded(upload)));
  }

  /** Sends those again that have failed. */
  retry(): void {
    const again = this.list.filter((upload) => upload.state === "failed").map((upload) => upload.id);
    const ids = new Set(again);
    this.show(this.list.map((upload) => (ids.has(upload.id) ? { ...upload, state: "waiting", progress: 0, outcome: "" } : upload)));
    this.waiting.push(...again);
    this.work();
  }

  /** Gives up what has not ended; what is stored stays. */
  cancel(): void {
    this.waiting = [];
    this.show(this.list.filter(hasEnded));
    for (const end of this.ends.values()) end.abort();
    this.wake();
  }

  /** The line is back: what waits for it goes on at once. */
  wake(): void {
    for (const sleeper of [...this.sleepers]) sleeper();
  }

  private work(): void {
    while (this.sending < AT_ONCE) {
      const id = this.waiting.shift();
      if (id === undefined) return;
      this.sending += 1;
      void this.one(id, this.files.get(id)!).finally(() => {
        this.sending -= 1;
        this.work();
      });
    }
  }

  private async one(id: number, named: Named): Promise<void> {
    const end = new AbortController();
    this.ends.set(id, end);
    for (let pause = FIRST_PAUSE_MS; !end.signal.aborted; pause = Math.min(LONGEST_PAUSE_MS, pause * 2)) {
      const passing = await this.attempt(id, named, end.signal);
      if (!passing) break;
      this.set(id, { state: "paused", progress: 0, outcome: passing.words });
      await this.sleep(Math.max(passing.ms, pause));
    }
    this.ends.delete(id);
  }

  /** Null when it has ended, one way or the other; else for how long to wait, and why. */
  private async attempt(id: number, named: Named, signal: AbortSignal): Promise<{ ms: number; words: string } | null> {
    this.set(id, { state: "sending" });
    try {
      if (await this.line.isThere(named)) {
        this.set(id, { state: "done", progress: 1, outcome: SKIPPED });
        return null;
      }
      const result = await this.line.send(named, (progress) => this.set(id, { progress }), signal);
      if (result.status === "failed") throw new Error(result.problem?.detail || result.problem?.title || "refused");
      this.set(id, { state: "done", progress: 1, name: result.name, outcome: WORDS[result.status] });
    } catch (error) {
      // A full disk does not pass by itself in a while that anyone would wait for.
      const passing = error instanceof Refusal && error.passing && error.status !== 507;
      if (passing && (await isReadable(named.file))) return { ms: error.retryAfter * 1000, words: wordsOf(error) };
      const words = passing ? "the file can no longer be read" : wordsOf(error);
      this.set(id, { state: "failed", outcome: words });
    }
    return null;
  }

  private sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const awake = () => {
        clearTimeout(timer);
        this.sleepers.delete(awake);
        resolve();
      };
      const timer = setTimeout(awake, ms);
      this.sleepers.add(awake);
    });
  }

  private set(id: number, part: Partial<Upload>): void {
    this.show(this.list.map((upload) => (upload.id === id ? { ...upload, ...part } : upload)));
  }

  private show(list: readonly Upload[]): void {
    this.list = list;
    this.changed(list);
  }
}

export function hasEnded(upload: Upload): boolean {
  return upload.state === "done" || upload.state === "failed";
}

/** How far all of them are together, by their bytes: 0 to 1. */
export function shareDone(uploads: readonly Upload[]): number {
  let [all, done] = [0, 0];
  for (const upload of uploads) {
    all += upload.size;
    done += hasEnded(upload) ? upload.size : upload.size * upload.progress;
  }
  return all ? done / all : 1;
}

/** The disk that a file lay on may be gone; a request then fails as if the line were down. */
async function isReadable(file: File): Promise<boolean> {
  try {
    await file.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

/** The outcome of a single file in the answer to an upload. Throws a Refusal where the whole was refused. */
export function uploaded(status: number, text: string, retryAfter = 0): UploadResult {
  if (status < 200 || status > 299) {
    const answer = parsed(text);
    if (!answer?.items?.[0]) throw toRefusal(status, text, retryAfter);
  }
  const first = parsed(text)?.items?.[0];
  if (!first) throw new Refusal(status, "unknown", "the answer names no file");
  return first;
}

function parsed(text: string): { items?: UploadResult[] } | null {
  try {
    return JSON.parse(text) as { items?: UploadResult[] };
  } catch {
    return null;
  }
}
