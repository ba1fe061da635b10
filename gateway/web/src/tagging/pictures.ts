/** Decoded pictures of rows: those to be seen next are fetched and decoded before they are asked for. */

import type { Fetch } from "../common/http";
import { Store } from "../common/store";
import { imagePath } from "./model";

export type Picture =
  | { state: "loading" }
  | { state: "ready"; bitmap: ImageBitmap }
  | { state: "failed"; why: string };

const AT_ONCE = 6;
/** What decoded pictures may take, in pixels of 4 bytes: 320 MB. */
const MOST_PIXELS = 80_000_000;
/** Files that browsers do not draw (TIFF) are asked for as JPEG, as large as this. */
const EDGE = 2048;
const TRIES = 8;

export class Pictures {
  /** Grows with each picture that comes or fails. */
  readonly turn = new Store(0);
  private readonly held = new Map<number, Picture>();
  private wanted: readonly number[] = [];
  private running = new Map<number, AbortController>();

  constructor(
    private readonly dataset: number,
    private readonly fetch: Fetch = (path, init) => globalThis.fetch(path, init),
    private readonly decode: (blob: Blob) => Promise<ImageBitmap> = (blob) => createImageBitmap(blob),
  ) {}

  get(row: number): Picture | undefined {
    return this.held.get(row);
  }

  isReady(row: number): boolean {
    return this.held.get(row)?.state === "ready";
  }

  /** What is to be there, the most urgent first. What is not wanted any more is not fetched any more. */
  want(rows: readonly number[]): void {
    this.wanted = rows;
    const set = new Set(rows);
    for (const row of [...this.running.keys()]) if (!set.has(row)) this.drop(row);
    this.work();
  }

  /** These before all else; what is under way goes on, where there is room for it. */
  hurry(rows: readonly number[]): void {
    const missing = rows.filter((row) => !this.held.has(row)).length;
    const others = [...this.running.keys()].filter((row) => !rows.includes(row));
    const free = AT_ONCE - this.running.size;
    for (const row of others.slice(0, Math.max(0, missing - free))) this.drop(row);
    this.wanted = [...new Set([...rows, ...this.running.keys()])];
    this.work();
  }

  private drop(row: number): void {
    this.running.get(row)?.abort();
    this.running.delete(row);
    this.held.delete(row);
  }

  retry(row: number): void {
    this.held.delete(row);
    this.turn.update((turn) => turn + 1);
    this.work();
  }

  /** The line is back: what failed meanwhile is tried again. */
  retryFailed(): void {
    for (const [row, picture] of [...this.held]) if (picture.state === "failed") this.retry(row);
  }

  close(): void {
    this.want([]);
    for (const picture of this.held.values()) if (picture.state === "ready") picture.bitmap.close();
    this.held.clear();
  }

  private work(): void {
    for (const row of this.wanted) {
      if (this.running.size >= AT_ONCE) return;
      if (this.held.has(row) || this.running.has(row)) continue;
      if (!this.room(row)) return;
      const ending = new AbortController();
      this.running.set(row, ending);
      this.held.set(row, { state: "loading" });
      void this.load(row, ending.signal).finally(() => {
        if (this.running.get(row) === ending) this.running.delete(row);
        this.work();
      });
    }
  }

  /** Gives up what was not wanted lately; false where what is wanted more urgently fills all there is. */
  private room(row: number): boolean {
    let pixels = 0;
    for (const picture of this.held.values()) if (picture.state === "ready") pixels += size(picture.bitmap);
    if (pixels < MOST_PIXELS) return true;
    const urgent = new Set(this.wanted.slice(0, this.wanted.indexOf(row)));
    for (const [other, picture] of this.held) {
      if (picture.state !== "ready" || urgent.has(other)) continue;
      pixels -= size(picture.bitmap);
      picture.bitmap.close();
      this.held.delete(other);
      if (pixels < MOST_PIXELS) return true;
    }
    return urgent.size === 0;
  }

  private async load(row: number, signal: AbortSignal): Promise<void> {
    try {
      const bitmap = await this.bitmap(row, signal);
      if (signal.aborted) bitmap.close();
      else this.held.set(row, { state: "ready", bitmap });
    } catch (error) {
      if (signal.aborted) return;
      this.held.set(row, { state: "failed", why: error instanceof Error ? error.message : String(error) });
    }
    if (!signal.aborted) this.turn.update((turn) => turn + 1);
  }

  private async bitmap(row: number, signal: AbortSignal): Promise<ImageBitmap> {
    const blob = await this.blob(imagePath(this.dataset, row), signal);
    try {
      return await this.decode(blob);
    } catch {
      return this.decode(await this.blob(imagePath(this.dataset, row, EDGE), signal));
    }
  }

  private async blob(path: string, signal: AbortSignal): Promise<Blob> {
    for (let attempt = 1; ; attempt++) {
      const answer = await this.fetch(path, { signal }).catch((error) => {
        if (signal.aborted || attempt >= TRIES) throw error;
        return null;
      });
      if (answer?.ok) return answer.blob();
      if (answer && answer.status !== 429 && answer.status < 500) throw new Error(await words(answer));
      if (attempt >= TRIES) throw new Error(answer ? await words(answer) : "it cannot be reached");
      await new Promise((resolve) => setTimeout(resolve, (Number(answer?.headers.get("Retry-After")) || Math.min(attempt, 4)) * 500));
      if (signal.aborted) throw new Error("given up");
    }
  }
}

function size(bitmap: ImageBitmap): number {
  return bitmap.width * bitmap.height;
}

async function words(answer: Response): Promise<string> {
  try {
    return ((await answer.json()) as { detail?: string }).detail ?? `Answer ${answer.status}`;
  } catch {
    return `Answer ${answer.status}`;
  }
}
