import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Http } from "../../src/common/http";
import { Outbox, callOf } from "../../src/tagging/outbox";
import { GONE_MS, Queue, type Shelf } from "../../src/tagging/queue";

class Memory implements Shelf {
  readonly map = new Map<string, string>();
  full = false;
  get length() {
    return this.map.size;
  }
  key(at: number) {
    return [...this.map.keys()][at] ?? null;
  }
  getItem(name: string) {
    return this.map.get(name) ?? null;
  }
  setItem(name: string, value: string) {
    if (this.full) throw new Error("quota");
    this.map.set(name, value);
  }
  removeItem(name: string) {
    this.map.delete(name);
  }
}

const set = (code: string) => ({ set: { [code]: true } });

describe("the queue", () => {
  it("is there again after the page was loaded anew, in order", () => {
    const shelf = new Memory();
    const before = new Queue(shelf, "tab");
    for (let row = 0; row < 300; row++) before.add(1, [[row, row]], set(String(row)));
    const after = new Queue(shelf, "tab");
    after.adopt();
    expect(after.entries.map((entry) => entry.runs[0]?.[0])).toEqual(Array.from({ length: 300 }, (_, row) => row));
    after.adopt();
    expect(after.entries).toHaveLength(300);
    for (const entry of [...after.entries]) after.done(entry.id);
    expect(shelf.length).toBe(0);
  });

  it("takes over what a closed page left, not what an open one still sends", () => {
    const shelf = new Memory();
    let now = 1_000_000;
    const clock = () => now;
    const other = new Queue(shelf, "other", clock);
    other.add(1, [[7, 7]], set("1"));
    now += 500;
    const mine = new Queue(shelf, "mine", clock);
    mine.add(1, [[8, 8]], set("1"));
    expect(mine.adopt()).toEqual([]);
    now += GONE_MS + 1;
    expect(mine.adopt().map((entry) => entry.runs)).toEqual([[[7, 7]]]);
    expect(mine.entries.map((entry) => entry.runs[0]?.[0])).toEqual([7, 8]);
    mine.live();
    expect(new Queue(shelf, "third", clock).adopt()).toEqual([]);
  });

  it("keeps what is refused apart, over a reload too", () => {
    const shelf = new Memory();
    const queue = new Queue(shelf, "tab");
    const entry = queue.add(1, [[0, 0]], set("9"));
    queue.add(1, [[1, 1]], set("1"));
    queue.refuse(entry.id, "no such tag");
    const again = new Queue(shelf, "tab");
    again.adopt();
    expect(again.waiting.map((one) => one.runs[0]?.[0])).toEqual([1]);
    again.again();
    expect(again.first()?.id).toBe(entry.id);
  });

  it("says when the browser keeps nothing, and goes on in memory", () => {
    const shelf = new Memory();
    shelf.full = true;
    const queue = new Queue(shelf, "tab");
    queue.add(1, [[0, 0]], set("1"));
    expect([queue.durable, queue.waiting.length]).toEqual([false, 1]);
    expect(new Queue(null, "tab").durable).toBe(false);
  });
});

describe("the outbox", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function service(answer: (body: string, count: number) => Response | Error) {
    const got: string[] = [];
    const http = new Http(async (path, init) => {
      const found = answer(`${init?.method} ${path} ${String(init?.body)}`, got.length);
      if (found instanceof Error) throw found;
      got.push(path.split("/").at(-2) ?? "");
      return found;
    });
    const queue = new Queue(new Memory(), "tab", Date.now, () => http.who);
    return { outbox: new Outbox(queue, http), got, http };
  }
  const fine = () => Response.json({ revision: 1, change: 1, index: 0, tags: {} });
  const problem = (status: number, code: string) => Response.json({ code, detail: code }, { status });

  it("sends one after the other, whatever the line does", async () => {
    let calls = 0;
    const { outbox, got } = service(() => (++calls % 3 === 0 ? new TypeError("cut") : calls % 5 === 0 ? problem(503, "restarting") : fine()));
    for (let row = 0; row < 50; row++) outbox.add(1, [[row, row]], set("1"));
    expect(outbox.standing.get().unsent).toBe(50);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(outbox.standing.get()).toEqual({ unsent: 0, refused: 0, trouble: "", barred: false, durable: true, others: [] });
    const arrived = got.filter((row, at) => got[at - 1] !== row);
    expect(arrived).toEqual(Array.from({ length: 50 }, (_, row) => String(row)));
  });

  it("puts aside what is refused, and the others go on", async () => {
    const { outbox } = service((call) => (call.includes("/rows/1/") ? problem(404, "row_not_found") : fine()));
    const refused: number[] = [];
    outbox.onRefused((entry) => refused.push(entry.runs[0]?.[0] ?? -1));
    for (let row = 0; row < 3; row++) outbox.add(1, [[row, row]], set("1"));
    await vi.advanceTimersByTimeAsync(1000);
    expect(outbox.standing.get()).toMatchObject({ unsent: 0, refused: 1 });
    expect(refused).toEqual([1]);
  });

  it("tries again when somebody waits for it, whatever was in the way before", async () => {
    const line = { up: false };
    const { outbox } = service(() => (line.up ? fine() : problem(503, "restarting")));
    outbox.add(1, [[0, 0]], set("1"));
    await vi.advanceTimersByTimeAsync(60_000);
    const before = expect(outbox.flushed(1)).rejects.toThrow("restarting");
    await vi.advanceTimersByTimeAsync(100);
    await before;
    line.up = true;
    const after = expect(outbox.flushed(1)).resolves.toBeUndefined();
    await vi.advanceTimersByTimeAsync(100);
    await after;
  });

  it("keeps all when the session has ended", async () => {
    const { outbox } = service(() => problem(401, "not_authenticated"));
    outbox.add(1, [[0, 0]], set("1"));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(outbox.standing.get()).toMatchObject({ unsent: 1, refused: 0, trouble: "sign in again", barred: true });
  });

  it("sends nobody's labels under another one's key, and keeps them until they are back", async () => {
    const line = { up: false };
    const { outbox, got, http } = service(() => (line.up ? fine() : new TypeError("cut")));
    http.who = "ada";
    outbox.add(1, [[0, 0]], set("1"));
    await vi.advanceTimersByTimeAsync(1000);
    http.who = null;
    line.up = true;
    await vi.advanceTimersByTimeAsync(60_000);
    http.who = "bob";
    outbox.add(1, [[1, 1]], set("1"));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(got).toEqual(["1"]);
    expect(outbox.standing.get()).toMatchObject({ unsent: 0, refused: 0, others: ["ada"] });
    outbox.again();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(got).toEqual(["1"]);
    http.who = "ada";
    outbox.hurry();
    await vi.advanceTimersByTimeAsync(1000);
    expect(got).toEqual(["1", "0"]);
    expect(outbox.standing.get()).toMatchObject({ unsent: 0, others: [] });
  });

  it("calls a single row by name, neighbours as a range and others as a list", () => {
    const entry = (runs: [number, number][]) => ({ id: "a", dataset: 3, runs, change: set("100") });
    expect(callOf(entry([[4, 4]]))).toEqual(["PATCH", "/api/tagging/v1/datasets/3/rows/4/tags", set("100")]);
    expect(callOf(entry([[4, 6]]))[2]).toEqual({ rows: { range: [4, 6] }, ...set("100") });
    expect(callOf(entry([[1, 2], [9, 9]]))[2]).toEqual({ rows: { indices: [1, 2, 9] }, ...set("100") });
  });
});
