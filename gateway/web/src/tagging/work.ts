/** Work on one dataset: its frames, what is known of its labels, what is on its way, and what others do. */

import { type Http, type Page, Refusal } from "../common/http";
import type { Live, StackEvent } from "../common/live";
import { Store } from "../common/store";
import { Frames, countOf, rowsOf } from "./frames";
import { Labels, type Tags, changed } from "./labels";
import { type Change, type Clip, DATASETS, type Dataset, type FrameOfRows, type Row, type Runs } from "./model";
import type { Outbox } from "./outbox";
import { Pictures } from "./pictures";
import { type TaggedData, unpack } from "./told";
import { Deeds, type Step } from "./undo";

/** What is known of a row beside its tags. */
export type Facts = Pick<Row, "file_path" | "clip" | "camera">;

const AHEAD = 60;
const BEHIND = 20;
/** A change of more rows than this goes in pieces: a request has at most 100,000 of them. */
const PIECE = 50_000;
const RECOUNT_MS = 400;
const RELOAD_MS = 1000;

export class Work {
  readonly dataset: Store<Dataset>;
  /** Grows with each change of labels or of what is known of rows. */
  readonly turn = new Store(0);
  readonly gone = new Store("");
  readonly deeds = new Deeds();
  readonly pictures: Pictures;
  readonly labels = new Labels();
  private readonly facts = new Map<number, Facts>();
  private readonly asked = new Set<number>();
  private readonly stops: (() => void)[] = [];
  /** All changes up to this revision of the dataset are known here. */
  private seen: number;
  private newest = 0;
  private drawing = false;
  private closed = false;
  private reloading: ReturnType<typeof setTimeout> | undefined;
  private recounting: ReturnType<typeof setTimeout> | undefined;
  frames: Frames;

  private constructor(
    readonly http: Http,
    readonly outbox: Outbox,
    dataset: Dataset,
    clips: readonly Clip[],
  ) {
    this.dataset = new Store(dataset);
    this.seen = dataset.revision;
    this.frames = new Frames(clips);
    this.labels.single = !dataset.multiple_selection;
    this.pictures = new Pictures(dataset.id);
    this.labels.setPending(outbox.queue.waiting.filter((entry) => entry.dataset === dataset.id));
  }

  static async open(http: Http, outbox: Outbox, id: number, signal?: AbortSignal): Promise<Work> {
    const dataset = await http.get<Dataset>(`${DATASETS}/${id}`, { signal });
    const clips = dataset.state === "ready" ? await http.all<Clip>(`${DATASETS}/${id}/clips`, { signal }) : [];
    return new Work(http, outbox, dataset, clips);
  }

  get id(): number {
    return this.dataset.get().id;
  }

  /** Listens to the service and to the outbox until `close`. */
  follow(live: Live): void {
    this.stops.push(
      live.follow([`tagging.dataset.${this.id}.*`], { event: (event) => void this.hear(event), reset: () => void this.reload() }),
      live.state.watch((state) => {
        if (state !== "live") return;
        this.outbox.hurry();
        this.pictures.retryFailed();
      }),
      this.outbox.onArrived((entry, answer) => {
        if (entry.dataset !== this.id) return;
        const row = answer.tags && answer.index !== undefined ? { index: answer.index, tags: answer.tags } : undefined;
        this.labels.arrived(entry.id, answer.revision, row);
        this.reached(answer.revision);
        this.recount();
      }),
      this.outbox.onAdopted(() => this.recall()),
      // What the service refuses is not shown as if it were so.
      this.outbox.onRefused((entry) => entry.dataset === this.id && this.recall()),
    );
  }

  private recall(): void {
    this.labels.setPending(this.outbox.queue.waiting.filter((entry) => entry.dataset === this.id));
    this.draw();
  }

  close(): void {
    for (const stop of this.stops) stop();
    clearTimeout(this.recounting);
    clearTimeout(this.reloading);
    this.closed = true;
    this.pictures.close();
  }

  factsOf(row: number): Facts | undefined {
    return this.facts.get(row);
  }

  /** Labels rows: seen at once, on the disk of the browser before this returns, and sent behind. */
  label(runs: Runs, change: Change, title: string): void {
    const turned: { row: number; before: Tags; after: Tags }[] = [];
    for (const row of rowsOf(runs)) {
      const before = this.labels.of(row);
      if (before) turned.push({ row, before, after: changed(before, change, this.labels.single) });
    }
    this.deeds.add({ title, turned });
    this.send({ runs, change });
  }

  /** The title of what was undone; null where there is nothing. */
  undo(): string | null {
    return this.again(this.deeds.undo((row) => this.labels.of(row), this.labels.single));
  }

  redo(): string | null {
    return this.again(this.deeds.redo((row) => this.labels.of(row), this.labels.single));
  }

  private again(found: ReturnType<Deeds["undo"]>): string | null {
    for (const step of found?.steps ?? []) this.send(step);
    return found?.deed.title ?? null;
  }

  private send({ runs, change }: Step): void {
    for (const piece of pieces(runs)) this.labels.addPending(this.outbox.add(this.id, piece, change));
    this.draw();
  }

  /** Asks for what is not known of the rows around a frame. */
  async around(frame: number): Promise<void> {
    const from = this.frames.at(Math.max(0, frame - BEHIND))?.rows[0] ?? 0;
    const here = this.frames.at(frame)?.rows ?? [];
    const ahead = this.frames.at(Math.min(this.frames.count - 1, frame + AHEAD / 3))?.rows ?? [];
    const missing = [...here, ...ahead].some((row) => !this.labels.has(row) && !this.asked.has(row));
    if (!missing) return;
    const start = here.every((row) => this.labels.has(row)) ? (here[0] ?? 0) : from;
    const frames = this.frames.at(this.frames.of(start) + AHEAD + BEHIND)?.rows.at(-1) ?? this.frames.rows - 1;
    await this.asking(start, frames, async () => {
      const page = await this.http.get<Page<FrameOfRows>>(`${DATASETS}/${this.id}/frames?from=${start}&limit=${AHEAD + BEHIND}`);
      return page.items.flatMap((one) => one.rows);
    });
  }

  /** Asks for rows by number, `last` included. */
  async rowsBetween(first: number, last: number): Promise<void> {
    let start = first;
    while (start <= last && (this.labels.has(start) || this.asked.has(start))) start++;
    if (start > last) return;
    await this.asking(start, last, async () => {
      const page = await this.http.get<Page<Row>>(`${DATASETS}/${this.id}/rows?from=${start}&limit=${Math.min(1000, last - start + 1)}`);
      return page.items;
    });
  }

  private async asking(first: number, last: number, ask: () => Promise<Row[]>): Promise<void> {
    const rows = [...rowsOf([[first, last]])].filter((row) => !this.asked.has(row));
    for (const row of rows) this.asked.add(row);
    const mark = this.labels.mark();
    try {
      this.learn(await ask(), mark);
    } finally {
      for (const row of rows) this.asked.delete(row);
    }
  }

  learn(rows: readonly Row[], mark: number): void {
    this.labels.loaded(rows, mark);
    for (const row of rows) this.facts.set(row.index, row);
    this.draw();
  }

  /** All that was known of labels may be old: it is asked for again. */
  async reload(): Promise<void> {
    const before = this.dataset.get();
    const mark = this.labels.mark();
    try {
      const dataset = await this.http.get<Dataset>(`${DATASETS}/${this.id}`);
      this.take(dataset);
      if (dataset.rows !== before.rows || (before.state !== "ready" && dataset.state === "ready")) {
        this.frames = new Frames(await this.http.all<Clip>(`${DATASETS}/${this.id}/clips`));
      }
      if (dataset.revision !== this.seen || dataset.rows !== before.rows) await this.refresh(mark);
      this.seen = Math.max(this.seen, dataset.revision);
      this.draw();
    } catch (error) {
      // The service may be starting again: until it answers, nobody knows what has happened there meanwhile.
      if (error instanceof Refusal && error.passing && !this.closed) this.later(() => this.reload());
    }
  }

  private later(work: () => Promise<void>): void {
    clearTimeout(this.reloading);
    this.reloading = setTimeout(() => void work(), RELOAD_MS);
  }

  /** Asks again for the rows that are known. */
  private async refresh(mark: number): Promise<void> {
    const known = [...this.facts.keys()].sort((a, b) => a - b);
    for (let at = 0; at < known.length; ) {
      const first = known[at] ?? 0;
      const page = await this.http.get<Page<Row>>(`${DATASETS}/${this.id}/rows?from=${first}&limit=1000`);
      this.learn(page.items, mark);
      while (at < known.length && (known[at] ?? 0) < first + 1000) at++;
    }
  }

  private async hear(event: StackEvent): Promise<void> {
    const data = event.data as Record<string, unknown>;
    switch (event.type.split(".").at(-1)) {
      case "tagged": {
        const told = event.data as unknown as TaggedData;
        this.seen = Math.max(this.seen, told.revision);
        const unpacked = unpack(told);
        this.labels.told(unpacked instanceof Promise ? await unpacked : unpacked, told.revision);
        this.reached(told.revision);
        return this.recount();
      }
      case "saved":
        this.dataset.update((now) => ({ ...now, saved_revision: Number(data["saved_revision"]), saved_at: event.time, conflict: false }));
        return;
      case "conflicted":
        this.dataset.update((now) => ({ ...now, conflict: true }));
        return;
      case "deleted":
        this.gone.set(`${String(data["by"] ?? "Somebody")} removed this dataset`);
        return;
      case "merged":
        this.labels.forget();
        return this.reload();
      default:
        return this.reload();
    }
  }

  /** Takes over what the service says of the dataset as a whole. */
  take(dataset: Dataset): void {
    this.labels.single = !dataset.multiple_selection;
    this.dataset.update((now) => ({ ...dataset, revision: Math.max(now.revision, dataset.revision) }));
  }

  /** Counts and progress come with the dataset: asked for when the hand rests. */
  private recount(): void {
    if (this.recounting !== undefined) return;
    this.recounting = setTimeout(() => {
      this.recounting = undefined;
      this.http.get<Dataset>(`${DATASETS}/${this.id}`).then((dataset) => this.take(dataset), () => undefined);
    }, RECOUNT_MS);
  }

  /** The dataset is at a revision; many that come in one picture of the screen are drawn together. */
  private reached(revision: number): void {
    this.newest = Math.max(this.newest, revision);
    if (this.drawing) return;
    this.drawing = true;
    requestAnimationFrame(() => {
      this.drawing = false;
      if (this.newest > this.dataset.get().revision) this.dataset.update((now) => ({ ...now, revision: this.newest }));
      this.draw();
    });
  }

  private draw(): void {
    this.turn.update((turn) => turn + 1);
  }
}

/** Runs of at most PIECE rows together. */
export function pieces(runs: Runs, most = PIECE): Runs[] {
  const found: [number, number][][] = [[]];
  let room = most;
  for (let [first, last] of runs) {
    while (first <= last) {
      if (room === 0) {
        found.push([]);
        room = most;
      }
      const end = Math.min(last, first + room - 1);
      found.at(-1)?.push([first, end]);
      room -= end - first + 1;
      first = end + 1;
    }
  }
  return found.filter((piece) => countOf(piece) > 0);
}
