import { describe, expect, it } from "vitest";
import { EMPTY, type Change, type Gallery, after, compare } from "../../src/images/gallery";
import type { StackEvent } from "../../src/common/live";
import { EVERYTHING, type Image, type Query } from "../../src/images/model";

function image(name: string, minute: number, rest: Partial<Image> = {}): Image {
  const time = `2026-11-21T10:${String(minute).padStart(2, "0")}:00.000000Z`;
  return {
    name, size: 1000, digest: "sha256:00", media_type: "image/jpeg", width: 40, height: 30,
    taken_at: null, created_at: time, updated_at: time, version: 1, tags: [], ...rest,
  };
}

function event(what: string, of: Image, rest: Record<string, unknown> = {}): Change {
  const data = { ...of, ...rest } as unknown as StackEvent["data"];
  return { kind: "event", event: { id: "imagestore:1", type: `imagestore.image.${what}`, subject: "", time: "", data } };
}

function loaded(images: Image[], cursor: string | null = null, query: Query = EVERYTHING): Gallery {
  const asked = after(EMPTY, { kind: "asked", query });
  return after(asked, { kind: "page", query, page: { items: images, next_cursor: cursor }, first: true });
}

const names = (gallery: Gallery) => gallery.images.map((one) => one.name);
const three = [image("c", 3), image("b", 2), image("a", 1)];

describe("pages", () => {
  it("follow one another without doubles", () => {
    const first = loaded(three, "next");
    const page = { items: [image("a", 1), image("z", 0)], next_cursor: null };
    const second = after(first, { kind: "page", query: first.query, page, first: false });
    expect(names(second)).toEqual(["c", "b", "a", "z"]);
    expect(second.cursor).toBeNull();
  });

  it("of a question that is no longer asked are dropped", () => {
    const gallery = after(loaded(three), { kind: "asked", query: { ...EVERYTHING, q: "new" } });
    const late = { items: [image("late", 9)], next_cursor: null };
    expect(after(gallery, { kind: "page", query: EVERYTHING, page: late, first: true })).toBe(gallery);
  });

  it("keep the selection of what is still there", () => {
    let gallery = after(loaded(three), { kind: "select_all" });
    gallery = after(gallery, { kind: "page", query: gallery.query, page: { items: three.slice(1), next_cursor: null }, first: true });
    expect([...gallery.selected]).toEqual(["b", "a"]);
  });
});

describe("events", () => {
  it("put a new image in its place", () => {
    expect(names(after(loaded(three), event("created", image("d", 4))))).toEqual(["d", "c", "b", "a"]);
    const byName = loaded([image("a", 1), image("c", 3)], null, { ...EVERYTHING, sort: "name" });
    expect(names(after(byName, event("restored", image("b", 9))))).toEqual(["a", "b", "c"]);
  });

  it("leave what lies beyond the loaded pages to them", () => {
    expect(names(after(loaded(three, "next"), event("created", image("old", 0))))).toEqual(["c", "b", "a"]);
    expect(names(after(loaded(three), event("created", image("old", 0))))).toEqual(["c", "b", "a", "old"]);
  });

  it("among equals put the newer first when the order goes down", () => {
    expect(names(after(loaded([image("a", 1)]), event("created", image("b", 1))))).toEqual(["b", "a"]);
  });

  it("change an image in its place", () => {
    const tagged = { ...three[1]!, tags: ["sun"], updated_at: "2026-11-21T11:00:00Z" };
    const gallery = after(loaded(three), event("updated", tagged));
    expect(names(gallery)).toEqual(["c", "b", "a"]);
    expect(gallery.images[1]?.tags).toEqual(["sun"]);
  });

  it("do not undo what is known already", () => {
    const now = { ...three[0]!, version: 2, updated_at: "2026-11-21T10:05:00.000200Z" };
    const older = { ...three[0]!, updated_at: "2026-11-21T10:05:00.000100Z" };
    const gallery = after(loaded(three), event("updated", now));
    expect(after(gallery, event("updated", older))).toBe(gallery);
    expect(after(gallery, event("deleted", older))).toBe(gallery);
  });

  it("follow a rename", () => {
    const renamed = image("b2", 2, { updated_at: "2026-11-21T11:00:00Z" });
    expect(names(after(loaded(three), event("updated", renamed, { earlier_name: "b" })))).toEqual(["c", "b2", "a"]);
  });

  it("take a deleted image away, and out of the selection", () => {
    const gallery = after(after(loaded(three), { kind: "toggle", name: "b" }), event("deleted", three[1]!));
    expect(names(gallery)).toEqual(["c", "a"]);
    expect(gallery.selected.size).toBe(0);
  });

  it("show only what fits the search and the tag", () => {
    const suns = loaded([image("Sunrise", 1)], null, { ...EVERYTHING, q: "sun" });
    expect(names(after(suns, event("created", image("moon", 2))))).toEqual(["Sunrise"]);
    expect(names(after(suns, event("created", image("x", 2, { tags: ["Sunny"] }))))).toEqual(["x", "Sunrise"]);
    const tagged = loaded([image("a", 1, { tags: ["t"] })], null, { ...EVERYTHING, tag: "t" });
    const untagged = image("a", 1, { updated_at: "2026-11-21T11:00:00Z" });
    expect(names(after(tagged, event("updated", untagged)))).toEqual([]);
  });

  it("of other kinds change nothing", () => {
    const gallery = loaded(three);
    expect(after(gallery, event("purged", three[0]!))).toBe(gallery);
  });
});

describe("the selection", () => {
  it("reaches from the last one to this one, either way", () => {
    const from = after(loaded(three), { kind: "toggle", name: "a" });
    expect([...after(from, { kind: "reach", name: "c" }).selected].sort()).toEqual(["a", "b", "c"]);
    expect([...after(loaded(three), { kind: "reach", name: "b" }).selected]).toEqual(["b"]);
  });

  it("of a second toggle is none", () => {
    const once = after(loaded(three), { kind: "toggle", name: "b" });
    expect(after(once, { kind: "toggle", name: "b" }).selected.size).toBe(0);
  });
});

it("the order by the time taken takes the time of arrival where there is none", () => {
  const query: Query = { ...EVERYTHING, sort: "-taken_at" };
  const early = image("early", 9, { taken_at: "2020-01-01T00:00:00Z" });
  expect(compare(early, image("now", 1), query)).toBeGreaterThan(0);
});
