import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Page } from "../../src/common/http";
import type { StackEvent } from "../../src/common/live";
import { Collection, type Source } from "../../src/images/collection";
import { EVERYTHING, type Image, type Landmarks, type Query } from "../../src/images/model";

const EVERY = 100;

function image(name: string, rest: Partial<Image> = {}): Image {
  return {
    name, size: 1, digest: `sha256:${name}`, media_type: "image/jpeg", width: 4, height: 3, taken_at: null,
    created_at: "2026-11-21T10:00:00Z", updated_at: "2026-11-21T10:00:00Z", version: 1, tags: [], ...rest,
  };
}

/** An image store in memory: cursors are the names that pages begin behind, and calls are written down. */
class Shelf implements Source {
  readonly asked: string[] = [];
  refusing = false;
  /** What is asked for while this is set is answered once it is over, also where nobody waits any more. */
  late: Promise<void> | null = null;

  constructor(public names: string[]) {}

  async images(query: Query, cursor: string | null, signal?: AbortSignal, limit = EVERY): Promise<Page<Image>> {
    this.asked.push(`page ${cursor}`);
    this.check(signal);
    await this.late;
    const fitting = this.fitting(query);
    const from = cursor === null ? 0 : fitting.indexOf(cursor) + 1;
    const items = fitting.slice(from, from + limit);
    return { items: items.map((name) => image(name)), next_cursor: from + limit < fitting.length ? items.at(-1)! : null };
  }

  async landmarks(query: Query, at: string | null, signal?: AbortSignal): Promise<Landmarks> {
    this.asked.push("landmarks");
    this.check(signal);
    const fitting = this.fitting(query);
    const cursors = fitting.filter((_, place) => (place + 1) % EVERY === 0);
    const place = at === null ? -1 : fitting.indexOf(at);
    return { total: fitting.length, every: EVERY, cursors, at: place < 0 ? null : place };
  }

  private fitting(query: Query): string[] {
    return this.names.filter((name) => name.includes(query.q));
  }

  private check(signal?: AbortSignal): void {
    if (signal?.aborted) throw new DOMException("aborted", "AbortError");
    if (this.refusing) throw new Error("the line is down");
  }
}

function event(verb: string, of: Image, rest: Record<string, unknown> = {}): StackEvent {
  return { id: "imagestore:1", type: `imagestore.image.${verb}`, subject: "", time: "", data: { ...of, ...rest } };
}

const numbered = (count: number) => Array.from({ length: count }, (_, place) => `n${String(place).padStart(6, "0")}`);

async function opened(shelf: Shelf, query: Query = EVERYTHING): Promise<Collection> {
  const collection = new Collection(shelf, () => Date.now());
  await collection.ask(query);
  return collection;
}

async function look(collection: Collection, first: number, last: number): Promise<void> {
  collection.seen(first, last);
  await vi.advanceTimersByTimeAsync(100);
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("a long list", () => {
  it("knows its length at once, and loads any part of it when it is seen", async () => {
    const shelf = new Shelf(numbered(100_000));
    const collection = await opened(shelf);
    expect(collection.total).toBe(100_000);
    expect(collection.at(99)?.name).toBe("n000099");
    expect(collection.at(50_000)).toBeUndefined();
    await look(collection, 50_000, 50_040);
    expect(collection.at(50_000)?.name).toBe("n050000");
    expect(collection.at(50_039)?.name).toBe("n050039");
    expect(shelf.asked.filter((one) => one.startsWith("page")).length).toBeLessThanOrEqual(3);
  });

  it("loads nothing of what flies by", async () => {
    const shelf = new Shelf(numbered(100_000));
    const collection = await opened(shelf);
    shelf.asked.length = 0;
    for (let first = 0; first < 90_000; first += 10_000) collection.seen(first, first + 30);
    await vi.advanceTimersByTimeAsync(100);
    expect(shelf.asked).toEqual(["page n079899", "page n079999"]);
  });

  it("lets go of what lies far away", async () => {
    const collection = await opened(new Shelf(numbered(10_000)));
    for (let first = 100; first < 9_900; first += 100) await look(collection, first, first + 40);
    expect(collection.at(9_840)).toBeDefined();
    expect(collection.at(50)).toBeUndefined();
    await look(collection, 20, 60);
    expect(collection.at(50)?.name).toBe("n000050");
  });

  it("names all from one place to another, loaded or not", async () => {
    const collection = await opened(new Shelf(numbered(1_000)));
    const names = await collection.names(90, 310);
    expect(names).toEqual(numbered(1_000).slice(90, 311));
    expect(await collection.names(1_000, 1_001)).toEqual([]);
    expect(await collection.find("n000777")).toBe(777);
    expect(await collection.find("other")).toBeNull();
  });
});

describe("events", () => {
  it("show a new image where the list begins, and hold it back from somebody further down", async () => {
    const shelf = new Shelf(numbered(300));
    const collection = await opened(shelf);
    shelf.names = ["new", ...shelf.names];
    collection.apply(event("created", image("new")));
    await vi.advanceTimersByTimeAsync(1_100);
    expect([collection.at(0)?.name, collection.total]).toEqual(["new", 301]);
    await look(collection, 150, 190);
    shelf.names = ["newer", ...shelf.names];
    collection.apply(event("created", image("newer")));
    await vi.advanceTimersByTimeAsync(1_100);
    expect([collection.coming, collection.total, collection.at(150)?.name]).toEqual([1, 301, "n000149"]);
    await look(collection, 0, 40);
    expect([collection.coming, collection.total, collection.at(0)?.name]).toEqual([0, 302, "newer"]);
  });

  it("however many, look at the whole once a second", async () => {
    const shelf = new Shelf(numbered(5));
    const collection = await opened(shelf);
    shelf.asked.length = 0;
    for (let count = 0; count < 50; count++) collection.apply(event("created", image(`x${count}`)));
    await vi.advanceTimersByTimeAsync(2_100);
    expect(shelf.asked).toEqual(["page null"]);
  });

  it("take a deleted image away at once, and what is loaded next lies right", async () => {
    const shelf = new Shelf(numbered(500));
    const collection = await opened(shelf);
    shelf.names.splice(10, 1);
    collection.gone("n000010");
    expect([collection.at(10)?.name, collection.total]).toEqual(["n000011", 499]);
    await look(collection, 300, 340);
    expect(collection.at(310)?.name).toBe("n000311");
  });

  it("change what is known in its place, and never back", async () => {
    const collection = await opened(new Shelf(numbered(5)));
    const later = image("n000001", { tags: ["sun"], updated_at: "2026-11-21T11:00:00.000200Z" });
    collection.apply(event("updated", later));
    expect(collection.at(1)?.tags).toEqual(["sun"]);
    collection.apply(event("updated", image("n000001", { updated_at: "2026-11-21T11:00:00.000100Z" })));
    collection.apply(event("deleted", image("n000001")));
    expect(collection.at(1)?.tags).toEqual(["sun"]);
    collection.apply(event("updated", { ...later, name: "other", updated_at: "2026-11-21T12:00:00Z" }, { earlier_name: "n000001" }));
    expect(collection.at(1)?.name).toBe("other");
  });
});

describe("questions", () => {
  it("replace the list by what fits", async () => {
    const collection = await opened(new Shelf(numbered(1_000)));
    await look(collection, 500, 540);
    await collection.ask({ ...EVERYTHING, q: "n00000" });
    expect([collection.total, collection.at(9)?.name, collection.at(500)]).toEqual([10, "n000009", undefined]);
  });

  it("that nobody asks any more are not answered", async () => {
    const shelf = new Shelf(numbered(1_000));
    const collection = await opened(shelf);
    let answer = () => {};
    shelf.late = new Promise((resolve) => (answer = resolve));
    const early = collection.ask({ ...EVERYTHING, q: "n0000" });
    shelf.late = null;
    await collection.ask({ ...EVERYTHING, q: "n000001" });
    answer();
    await early;
    expect([collection.total, collection.status]).toEqual([1, "loaded"]);
  });

  it("that fail leave what is shown, and can be asked again", async () => {
    const shelf = new Shelf(numbered(300));
    const collection = await opened(shelf);
    shelf.refusing = true;
    await collection.refresh();
    expect([collection.status, collection.why, collection.total]).toEqual(["failed", "the line is down", 300]);
    await look(collection, 200, 240);
    expect(collection.at(210)).toBeUndefined();
    shelf.refusing = false;
    await collection.refresh();
    await look(collection, 200, 240);
    expect([collection.status, collection.at(210)?.name]).toEqual(["loaded", "n000210"]);
  });
});
