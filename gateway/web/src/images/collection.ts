/** All images that fit a search, of which those in view are loaded.
 *
 * The image store's pages go forward only. Its landmarks tell where each of them begins, so any part of a hundred
 * thousand images is one call away, and the scrollbar stands for all of them. The server alone decides what fits and
 * in which order: events change in place what is known, and for the rest the landmarks are asked for again.
 */

import { type Page, wordsOf } from "../common/http";
import type { StackEvent } from "../common/live";
import { Store } from "../common/store";
import { EVERYTHING, type Image, type Landmarks, type Query } from "./model";

export interface Source {
  images(query: Query, cursor: string | null, signal?: AbortSignal, limit?: number): Promise<Page<Image>>;
  landmarks(query: Query, at: string | null, signal?: AbortSignal): Promise<Landmarks>;
}

/** A page of the list: where it begins, and whether what is held of it is as the server has it. */
interface Part {
  cursor: string | null;
  start: number;
  state: "none" | "loading" | "fresh";
}

/** What is seen moves fast while somebody scrolls: what has gone by is not loaded. */
const REST_MS = 60;
/** Between two looks at the whole, however much happens. */
const REFRESH_MS = 1000;
/** After a failure; when the line is back the page asks at once. */
const AGAIN_MS = 5000;
/** Loaded beyond what is seen, on either side. */
const AHEAD = 40;
const KEPT_PARTS = 60;

export class Collection {
  /** Grows with every change. */
  readonly version = new Store(0);
  query: Query = EVERYTHING;
  status: "loading" | "loaded" | "failed" = "loading";
  why = "";
  total = 0;
  /** Images that have come since, and are not shown yet: what is being looked at shall not move away. */
  coming = 0;
  private items: (Image | undefined)[] = [];
  private parts: Part[] = [];
  private seenFirst = 0;
  private seenLast = 0;
  private running = new AbortController();
  private resting: ReturnType<typeof setTimeout> | undefined;
  private refreshing: ReturnType<typeof setTimeout> | undefined;
  private refreshed = 0;

  constructor(
    private readonly source: Source,
    private readonly clock: () => number = Date.now,
  ) {}

  at(place: number): Image | undefined {
    return this.items[place];
  }

  /** Where an image stands among those that are loaded; -1 for one that is not. */
  placeOf(name: string): number {
    return this.items.findIndex((image) => image?.name === name);
  }

  /** Asks something else: what was shown stays until the answer is there. */
  ask(query: Query): Promise<void> {
    this.query = query;
    this.seenFirst = this.seenLast = 0;
    this.status = "loading";
    return this.load(true);
  }

  /** Looks at the whole again; what is known stays where it is until it is known better. */
  refresh(): Promise<void> {
    return this.load(false);
  }

  stop(): void {
    this.running.abort();
    clearTimeout(this.resting);
    clearTimeout(this.refreshing);
    this.refreshing = undefined;
  }

  /** These are looked at, `last` not among them. */
  seen(first: number, last: number): void {
    this.seenFirst = first;
    this.seenLast = last;
    if (first === 0 && this.coming) void this.refresh();
    else this.resting ??= setTimeout(() => this.need(), REST_MS);
  }

  /** The names of all from one place to another, also of those that are not loaded. */
  async names(first: number, last: number): Promise<string[]> {
    const found: string[] = [];
    for (const part of this.parts) {
      const end = this.endOf(part);
      if (end <= first || part.start > last) continue;
      const images = part.state === "fresh" ? this.items.slice(part.start, end) : await this.read(part, this.running.signal);
      const here = images.slice(Math.max(0, first - part.start), last + 1 - part.start);
      found.push(...here.flatMap((image) => (image ? [image.name] : [])));
    }
    return found;
  }

  /** The place of an image in the whole; null where it does not fit the search. */
  async find(name: string): Promise<number | null> {
    const known = this.placeOf(name);
    return known >= 0 ? known : (await this.source.landmarks(this.query, name, this.running.signal)).at;
  }

  apply(event: StackEvent): void {
    const image = event.data as unknown as Image;
    const verb = event.type.slice(event.type.lastIndexOf(".") + 1);
    if (verb === "created" || verb === "restored") this.come();
    else if (verb === "deleted") this.gone(image.name, image.updated_at);
    else if (verb === "updated") this.changed(image, event.data["earlier_name"]);
  }

  /** The image is another now: its tags, its name, its content. */
  changed(image: Image, earlierName: unknown = image.name): void {
    const place = this.placeOf(typeof earlierName === "string" ? earlierName : image.name);
    const known = place >= 0 ? this.items[place] : undefined;
    if (known && byTime(image.updated_at, known.updated_at) >= 0) {
      this.items[place] = image;
      this.tell();
    }
    const { q, tags, sort } = this.query;
    const plain = !q && !tags.length && known?.digest === image.digest && (sort !== "name" || known.name === image.name);
    if (!plain || sort === "-updated_at") this.soon();
  }

  /** It is not there any more; `asOf` is when it was as the event tells it. */
  gone(name: string, asOf?: string): void {
    const place = this.placeOf(name);
    const known = this.items[place];
    if (known && asOf && byTime(asOf, known.updated_at) < 0) return;
    if (known) {
      this.items.splice(place, 1);
      this.total -= 1;
      for (const part of this.parts) if (part.start > place) part.start -= 1;
      this.tell();
    }
    this.soon();
  }

  /** A new one: shown at once where the list begins, told of where somebody is further down in it. */
  private come(): void {
    if (this.seenFirst === 0) return this.soon();
    this.coming += 1;
    this.tell();
  }

  /** Looks at the whole again, as soon as that is due. */
  soon(): void {
    const pause = this.refreshed + REFRESH_MS - this.clock();
    if (pause <= 0 && this.refreshing === undefined) void this.refresh();
    else this.refreshing ??= setTimeout(() => void this.refresh(), Math.max(0, pause));
  }

  private async load(anew: boolean): Promise<void> {
    this.stop();
    const mine = (this.running = new AbortController());
    this.resting = undefined;
    this.refreshed = this.clock();
    this.tell();
    try {
      const page = await this.source.images(this.query, null, mine.signal);
      if (mine.signal.aborted) return;
      this.takeFirst(page, anew);
      // Of a list that is all there nothing more is to be known.
      if (page.next_cursor === null) return;
      const found = await this.source.landmarks(this.query, null, mine.signal);
      if (!mine.signal.aborted) this.takeLandmarks(found);
    } catch (error) {
      if (mine.signal.aborted) return;
      mine.abort();
      this.status = "failed";
      this.why = wordsOf(error);
      this.refreshing = setTimeout(() => void this.refresh(), AGAIN_MS);
      this.tell();
    }
  }

  private takeFirst(page: Page<Image>, anew: boolean): void {
    this.status = "loaded";
    this.coming = 0;
    if (anew || page.next_cursor === null) {
      this.items = page.items.slice();
      this.total = this.items.length;
      this.parts = [{ cursor: null, start: 0, state: "fresh" }];
    } else {
      this.items.splice(0, page.items.length, ...page.items);
    }
    this.tell();
  }

  private takeLandmarks(found: Landmarks): void {
    this.total = found.total;
    this.items.length = found.total;
    const cursors = [null, ...found.cursors].slice(0, Math.max(1, Math.ceil(found.total / found.every)));
    this.parts = cursors.map((cursor, number) => ({
      cursor,
      start: number * found.every,
      state: number === 0 ? "fresh" : "none",
    }));
    this.tell();
    this.need();
  }

  /** Loads what is seen and not known. */
  private need(): void {
    clearTimeout(this.resting);
    this.resting = undefined;
    const [first, last] = [this.seenFirst - AHEAD, this.seenLast + AHEAD];
    for (const part of this.parts) {
      if (part.state === "none" && part.start < last && this.endOf(part) > first) void this.loadPart(part);
    }
  }

  private async loadPart(part: Part): Promise<void> {
    const { signal } = this.running;
    part.state = "loading";
    try {
      const images = await this.read(part, signal);
      if (signal.aborted) {
        part.state = "none";
        return;
      }
      part.state = "fresh";
      this.items.splice(part.start, images.length, ...images);
      this.letGo();
    } catch (error) {
      // It is asked for again when it is next looked at, and with the next look at the whole.
      part.state = "none";
      if (signal.aborted) return;
      this.why = wordsOf(error);
      this.refreshing ??= setTimeout(() => void this.refresh(), AGAIN_MS);
    }
    this.tell();
  }

  private async read(part: Part, signal: AbortSignal): Promise<Image[]> {
    const length = this.endOf(part) - part.start;
    return (await this.source.images(this.query, part.cursor, signal, Math.max(1, length))).items.slice(0, length);
  }

  private endOf(part: Part): number {
    return this.parts[this.parts.indexOf(part) + 1]?.start ?? this.total;
  }

  /** Forgets what lies farthest from what is seen. */
  private letGo(): void {
    const held = this.parts.filter((part) => part.state === "fresh");
    if (held.length <= KEPT_PARTS) return;
    const middle = (this.seenFirst + this.seenLast) / 2;
    const farthest = held.reduce((a, b) => (Math.abs(a.start - middle) > Math.abs(b.start - middle) ? a : b));
    this.items.fill(undefined, farthest.start, this.endOf(farthest));
    farthest.state = "none";
  }

  private tell(): void {
    this.version.update((version) => version + 1);
  }
}

/** Times have microseconds, and Date keeps milliseconds: the rest is told by the text. */
function byTime(a: string, b: string): number {
  return Date.parse(a) - Date.parse(b) || (a < b ? -1 : a > b ? 1 : 0);
}
