import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Refusal } from "../../src/common/http";
import { parse } from "../../src/common/router";
import { addressOf, queryOf, viewOf } from "../../src/images/address";
import { forEach } from "../../src/images/bulk";
import { AT_MOST, NONE, joined, reach, renamed, toggled, without } from "../../src/images/chosen";
import { EVERYTHING, type Query } from "../../src/images/model";
import { Pace } from "../../src/images/pace";

describe("addresses", () => {
  it("say what is shown, and are read back", () => {
    const query: Query = { q: "a & b", tags: ["sea, sun", "x"], sort: "name" };
    const address = addressOf(query, "tr?sh/1.jpg");
    expect(parse(address).path).toEqual(["images", "tr?sh/1.jpg"]);
    expect(queryOf(parse(address))).toEqual(query);
    expect(addressOf(EVERYTHING)).toBe("#/images");
    expect(queryOf(parse("#/images?sort=constructor"))).toEqual(EVERYTHING);
  });

  it("of the trash are not those of an image called so", () => {
    expect(viewOf(parse("#/images?view=trash"))).toBe("trash");
    expect(viewOf(parse("#/images/trash"))).toBe("gallery");
  });
});

describe("the selection", () => {
  it("reaches from the last one to this one, either way, and again from there", () => {
    const from = toggled(NONE, "e", 5);
    expect(reach(from, 2)).toEqual([2, 5]);
    const more = joined(from, ["b", "c", "d", "e"]);
    expect([...more.names].sort()).toEqual(["b", "c", "d", "e"]);
    expect(reach(more, 9)).toEqual([5, 9]);
    expect(reach(NONE, 3)).toEqual([3, 3]);
  });

  it("is no larger than what goes at once", () => {
    const [first, last] = reach(toggled(NONE, "a", 0), 50_000);
    expect(last - first + 1).toBe(AT_MOST);
  });

  it("of a second toggle is none, and follows a rename", () => {
    expect(toggled(toggled(NONE, "b", 1), "b", 1).names.size).toBe(0);
    const one = toggled(NONE, "b", 1);
    expect([...renamed(one, "b", "c").names]).toEqual(["c"]);
    expect(without(one, "b").names.size).toBe(0);
    expect(without(one, "z")).toBe(one);
  });
});

describe("the same for many", () => {
  it("tries again where a refusal passes, and tells what failed", async () => {
    const tries: Record<string, number> = {};
    const waits: number[] = [];
    const outcome = await forEach(
      ["a", "busy", "bad", "full"],
      async (name) => {
        tries[name] = (tries[name] ?? 0) + 1;
        if (name === "busy" && tries[name] < 3) throw new Refusal(429, "rate", "slowly", {}, 2);
        if (name === "bad") throw new Refusal(404, "gone", "is gone");
        if (name === "full") throw new Refusal(507, "full", "is full");
      },
      () => {},
      new AbortController().signal,
      async (ms) => void waits.push(ms),
    );
    expect(outcome.done.sort()).toEqual(["a", "busy"]);
    expect(outcome.failed.map((one) => `${one.name} ${one.why}`).sort()).toEqual(["bad is gone", "full is full"]);
    expect(waits).toEqual([2000, 2000]);
  });

  it("ends where it is told to", async () => {
    const stop = new AbortController();
    const outcome = await forEach(
      Array.from({ length: 100 }, (_, place) => String(place)),
      async (name) => name === "10" && stop.abort(),
      () => {},
      stop.signal,
    );
    expect(outcome.done.length).toBeLessThan(20);
  });
});

describe("small pictures", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("come eight at a time; one that has scrolled away gives its turn to the next", () => {
    const pace = new Pace(() => Date.now());
    const begun: string[] = [];
    const ends = Array.from({ length: 20 }, (_, place) => pace.ask(`u${place}`, () => begun.push(`u${place}`)));
    expect(begun.length).toBe(8);
    ends[8]?.();
    ends[0]?.(true);
    expect(begun.at(-1)).toBe("u9");
    expect([pace.has("u0"), pace.has("u1")]).toEqual([true, false]);
    ends[0]?.();
    expect(begun.length).toBe(9);
  });

  it("are asked for no faster than a key may ask", async () => {
    const pace = new Pace(() => Date.now());
    let begun = 0;
    const work = (place: number) => {
      const end = pace.ask(`u${place}`, () => {
        begun += 1;
        queueMicrotask(() => end(true));
      });
    };
    for (let place = 0; place < 1_000; place++) work(place);
    await vi.advanceTimersByTimeAsync(0);
    expect(begun).toBe(90);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(begun).toBeGreaterThan(130);
    expect(begun).toBeLessThanOrEqual(152);
  });
});
