import { describe, expect, it } from "vitest";
import { moved, ordered } from "../../src/tagging/camera_order";
import { Frames, Sequence, countOf, rowsOf, runsOf } from "../../src/tagging/frames";
import type { Clip } from "../../src/tagging/model";
import { everything, holds, reached, toggled } from "../../src/tagging/selection";
import { pieces } from "../../src/tagging/work";

const clip = (index: number, begin: number, end: number, cameras: number): Clip => ({ index, name: `c${index}`, begin, end, cameras });
const frames = new Frames([clip(0, 0, 6, 3), clip(1, 6, 8, 1), clip(2, 8, 16, 4)]);

describe("frames", () => {
  it("are counted over clips of different cameras", () => {
    expect([frames.count, frames.rows]).toEqual([6, 16]);
    expect(frames.at(1)).toMatchObject({ inClip: 1, rows: [3, 4, 5] });
    expect(frames.at(2)).toMatchObject({ inClip: 0, rows: [6] });
    expect(frames.at(5)).toMatchObject({ inClip: 1, rows: [12, 13, 14, 15], clip: { name: "c2" } });
    expect([frames.at(6), frames.at(-1)]).toEqual([null, null]);
  });

  it("are found by each of their rows", () => {
    for (let at = 0; at < frames.count; at++) for (const row of frames.at(at)?.rows ?? []) expect(frames.of(row)).toBe(at);
    expect(frames.of(99)).toBe(5);
    expect(new Frames([]).of(3)).toBe(0);
  });
});

describe("a sequence", () => {
  it("of all frames ends at both ends", () => {
    const all = Sequence.whole(10);
    expect([all.step(3, 1), all.step(9, 1), all.step(0, -1), all.step(3, 10), all.step(8, -10)]).toEqual([4, 9, 0, 9, 0]);
  });

  it("of a filter leads from frame to frame that fits, also from one that does not", () => {
    const some = Sequence.of([2, 5, 9]);
    expect([some.step(2, 1), some.step(3, 1), some.step(3, -1), some.step(9, 1), some.step(0, 1)]).toEqual([5, 5, 2, 9, 2]);
    expect([some.place(5), some.place(6), some.place(1)]).toEqual([1, 1, -1]);
    expect(Sequence.of([]).step(4, 1)).toBe(4);
  });
});

describe("rows", () => {
  it("become runs and back", () => {
    expect(runsOf([5, 1, 2, 3, 9, 2])).toEqual([[1, 3], [5, 5], [9, 9]]);
    expect([...rowsOf([[1, 3], [9, 9]])]).toEqual([1, 2, 3, 9]);
  });

  it("go in pieces that a request can hold", () => {
    expect(pieces([[0, 9], [20, 21]], 4)).toEqual([[[0, 3]], [[4, 7]], [[8, 9], [20, 21]]]);
    expect(pieces([[0, 999_999]]).map(countOf)).toEqual(Array(20).fill(50_000));
  });

  it("are selected by click, by reach and all together", () => {
    expect(toggled(toggled([], 4), 6)).toEqual([[4, 4], [6, 6]]);
    expect(toggled([[0, 999_999]], 500)).toEqual([[0, 499], [501, 999_999]]);
    expect(reached([[9, 9]], 3, 1, (item) => item * 2)).toEqual([[2, 2], [4, 4], [6, 6], [9, 9]]);
    expect(everything(5, null)).toEqual([[0, 4]]);
    expect(everything(3, [7, 8, 12])).toEqual([[7, 8], [12, 12]]);
    expect([holds([[1, 3], [9, 9]], 9), holds([[1, 3], [9, 9]], 4)]).toEqual([true, false]);
  });
});

describe("cameras", () => {
  it("lie as somebody has put them", () => {
    const cameras = ["front", "left", "right"];
    expect(ordered(cameras, [])).toEqual([0, 1, 2]);
    expect(moved(cameras, [], "right", -1)).toEqual(["front", "right", "left"]);
    expect(moved(cameras, ["right"], "right", -1)).toEqual(["right", "front", "left"]);
    expect(ordered(["a", "left", "front"], ["front", "left"])).toEqual([2, 1, 0]);
  });
});
