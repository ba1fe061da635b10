import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Refusal } from "../../src/common/http";
import { given, isImage, nameOfPasted, nameOfPath } from "../../src/images/files";
import { storedName } from "../../src/images/line";
import type { UploadResult } from "../../src/images/model";
import { type Line, type Named, type Upload, Uploads, shareDone, uploaded } from "../../src/images/upload";

const named = (name: string): Named => ({ name, file: new File([name], name) });
const result = (name: string, status: UploadResult["status"]): UploadResult => ({ name, status, image: null, problem: null });

/** A line whose answers are given by hand. */
class Hand implements Line {
  readonly open: ((end: UploadResult | Error) => void)[] = [];
  readonly there = new Set<string>();

  send(_named: Named, _progress: (part: number) => void, signal: AbortSignal): Promise<UploadResult> {
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(new Error("given up")));
      this.open.push((end) => (end instanceof Error ? reject(end) : resolve(end)));
    });
  }

  async isThere(file: Named): Promise<boolean> {
    return this.there.has(file.name);
  }
}

function hold(): { line: Hand; uploads: Uploads; now(): readonly Upload[] } {
  const line = new Hand();
  let list: readonly Upload[] = [];
  return { line, uploads: new Uploads((now) => (list = now), line), now: () => list };
}

const states = (list: readonly Upload[]) => list.map((one) => one.state);
const settle = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("uploads", () => {
  it("go three at a time, and each has its own outcome", async () => {
    const { line, uploads, now } = hold();
    uploads.add(["a b", "b", "c", "d"].map(named));
    await settle();
    expect(states(now())).toEqual(["sending", "sending", "sending", "waiting"]);
    line.open[0]?.(result("a_b", "created"));
    line.open[1]?.({ ...result("b", "failed"), problem: { detail: "no image", title: "", type: "", status: 415, code: "" } });
    line.open[2]?.(new Refusal(413, "body_too_large", "too large"));
    await settle();
    line.open[3]?.(result("d", "unchanged"));
    await settle();
    expect(now().map((one) => [one.name, one.state, one.outcome])).toEqual([
      ["a_b", "done", "added"],
      ["b", "failed", "no image"],
      ["c", "failed", "too large"],
      ["d", "done", "was there already"],
    ]);
    uploads.retry();
    await settle();
    expect(states(now())).toEqual(["done", "sending", "sending", "done"]);
    for (const end of line.open.slice(4)) end(result("again", "created"));
    await settle();
    uploads.clear();
    expect(now()).toEqual([]);
  });

  it("wait while the line is down, longer each time, and go on by themselves", async () => {
    const { line, uploads, now } = hold();
    uploads.add([named("a")]);
    await settle();
    line.open[0]?.(new Refusal(0, "unreachable", "cannot be reached"));
    await settle();
    expect(states(now())).toEqual(["paused"]);
    await vi.advanceTimersByTimeAsync(1_000);
    line.open[1]?.(new Refusal(503, "unavailable", "starting", {}, 5));
    await settle();
    await vi.advanceTimersByTimeAsync(4_000);
    expect(line.open.length).toBe(2);
    await vi.advanceTimersByTimeAsync(1_000);
    line.open[2]?.(result("a", "created"));
    await settle();
    expect(states(now())).toEqual(["done"]);
  });

  it("go on at once when the line is back", async () => {
    const { line, uploads, now } = hold();
    uploads.add([named("a")]);
    await settle();
    line.open[0]?.(new Refusal(0, "unreachable", "cannot be reached"));
    await settle();
    uploads.wake();
    await settle();
    expect([states(now()), line.open.length]).toEqual([["sending"], 2]);
  });

  it("do not wait for room on a full disk, nor for a file that is gone", async () => {
    const { line, uploads, now } = hold();
    const gone = named("gone");
    Object.defineProperty(gone.file, "slice", { value: () => ({ arrayBuffer: () => Promise.reject(new Error("gone")) }) });
    uploads.add([named("full"), gone]);
    await settle();
    line.open[0]?.(new Refusal(507, "insufficient_storage", "the disk is full"));
    line.open[1]?.(new Refusal(0, "unreachable", "cannot be reached"));
    await settle();
    expect(now().map((one) => one.outcome)).toEqual(["the disk is full", "the file can no longer be read"]);
  });

  it("skip what is stored already, and can be given up", async () => {
    const { line, uploads, now } = hold();
    line.there.add("b");
    uploads.add(["a", "b", "c", "d", "e"].map(named));
    await settle();
    expect(states(now())).toEqual(["sending", "done", "sending", "sending", "waiting"]);
    expect(now()[1]?.outcome).toBe("was there already");
    uploads.cancel();
    await settle();
    expect(now().map((one) => one.name)).toEqual(["b"]);
    expect(line.open.length).toBe(3);
  });

  it("tell how far they are by their bytes", () => {
    const one = { id: 1, name: "", outcome: "" };
    const list: Upload[] = [
      { ...one, size: 300, state: "done", progress: 1 },
      { ...one, size: 100, state: "sending", progress: 0.5 },
      { ...one, size: 600, state: "waiting", progress: 0 },
    ];
    expect(shareDone(list)).toBeCloseTo(0.35);
  });
});

it("reads the outcome of a file, and the refusal of a whole upload", () => {
  expect(uploaded(200, JSON.stringify({ items: [result("a", "created")] })).status).toBe("created");
  expect(uploaded(422, JSON.stringify({ items: [result("a", "failed")] })).status).toBe("failed");
  expect(() => uploaded(413, '{"code":"body_too_large","detail":"64 MiB"}')).toThrow("64 MiB");
  expect(() => uploaded(200, "{}")).toThrow("the answer names no file");
});

describe("files", () => {
  it("of a folder are named by their path, and what is no image stays out", () => {
    const inFolder = (path: string, type = "") => {
      const file = new File(["x"], path.split("/").at(-1)!, { type });
      Object.defineProperty(file, "webkitRelativePath", { value: path });
      return file;
    };
    const { files, leftOut } = given([inFolder("trip/day 1/a.JPG"), inFolder("trip/Thumbs.db"), inFolder("trip/.b.jpg", "image/jpeg")]);
    expect(files.map((one) => one.name)).toEqual(["trip_day 1_a.JPG"]);
    expect(leftOut).toBe(2);
    expect(nameOfPath("/trip/a.jpg")).toBe("trip_a.jpg");
  });

  it("that are chosen one by one are all sent: the store says what is wrong with them", () => {
    expect(given([new File(["x"], "words.txt")]).files.map((one) => one.name)).toEqual(["words.txt"]);
    expect(isImage({ name: "scan.tif", type: "" })).toBe(true);
  });

  it("that are pasted get names of their own", () => {
    const moment = new Date(2026, 10, 21, 7, 5, 9);
    expect(nameOfPasted({ name: "image.png", type: "image/png" }, moment, 0)).toBe("pasted_2026-11-21_07.05.09.png");
    expect(nameOfPasted({ name: "image.png", type: "image/png" }, moment, 1)).toBe("pasted_2026-11-21_07.05.09_2.png");
    expect(nameOfPasted({ name: "holiday.png", type: "image/png" }, moment, 0)).toBe("holiday.png");
  });

  it("are known by the names that the store makes of theirs", () => {
    expect(storedName("Cafe\u0301 1\u00a0a.jpg")).toBe("Café_1_a.jpg");
  });
});
