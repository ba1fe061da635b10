import { describe, expect, it } from "vitest";
import { Labels, changed } from "../../src/tagging/labels";
import { runsOfBits, unpack } from "../../src/tagging/told";
import { Deeds } from "../../src/tagging/undo";

const row = (index: number, ...codes: string[]) => ({ index, tags: Object.fromEntries(["1", "2", "3"].map((code) => [code, codes.includes(code)])) });
const shown = (labels: Labels, index: number) => [...(labels.of(index) ?? ["?"])].sort().join();

function known(single = false): Labels {
  const labels = new Labels();
  labels.single = single;
  labels.loaded([row(0, "1"), row(1), row(2, "1", "2")], labels.mark());
  return labels;
}

describe("labels", () => {
  it("show what is on its way at once, in order", () => {
    const labels = known();
    labels.addPending({ id: "a", runs: [[0, 1]], change: { set: { "2": true } } });
    labels.addPending({ id: "b", runs: [[1, 1]], change: { set: {}, clear: true } });
    expect([shown(labels, 0), shown(labels, 1), shown(labels, 2), shown(labels, 9)]).toEqual(["1,2", "", "1,2", "?"]);
  });

  it("keep what others did to the other tags of a row", () => {
    const labels = known();
    labels.addPending({ id: "a", runs: [[0, 0]], change: { set: { "2": true } } });
    labels.told([{ tag: "3", value: true, runs: [[0, 0]] }], 5);
    labels.arrived("a", 6, row(0, "1", "2", "3"));
    labels.told([{ tag: "2", value: true, runs: [[0, 0]] }], 6);
    expect(shown(labels, 0)).toBe("1,2,3");
  });

  it("are not set back by an event that is older than an answer", () => {
    const labels = known();
    labels.addPending({ id: "a", runs: [[0, 0]], change: { set: { "1": true } } });
    labels.arrived("a", 9, row(0, "1"));
    labels.told([{ tag: "1", value: false, runs: [[0, 0]] }], 8);
    expect(shown(labels, 0)).toBe("1");
    labels.told([{ tag: "1", value: false, runs: [[0, 0]] }], 10);
    expect(shown(labels, 0)).toBe("");
  });

  it("are not set back by rows that were asked for before", () => {
    const labels = known();
    const mark = labels.mark();
    labels.told([{ tag: "3", value: true, runs: [[1, 1]] }], 4);
    labels.loaded([row(1)], mark);
    expect(shown(labels, 1)).toBe("3");
  });

  it("go back to what the service says when it does not want a change", () => {
    const labels = known();
    labels.addPending({ id: "a", runs: [[0, 2]], change: { set: { "3": true } } });
    labels.dropPending("a");
    expect(shown(labels, 0)).toBe("1");
  });

  it("of many rows arrive without their tags being told", () => {
    const labels = known();
    labels.addPending({ id: "a", runs: [[0, 2]], change: { set: { "3": true } } });
    labels.arrived("a", 3);
    expect([shown(labels, 0), shown(labels, 1), shown(labels, 2)]).toEqual(["1,3", "3", "1,2,3"]);
  });

  it("of a single selection take each other's place", () => {
    const labels = known(true);
    labels.addPending({ id: "a", runs: [[2, 7]], change: { set: { "3": true } } });
    expect([shown(labels, 2), shown(labels, 7)]).toEqual(["3", "3"]);
    expect([...changed(new Set(["1"]), { set: { "2": false } }, true)]).toEqual(["1"]);
  });
});

describe("what an event tells", () => {
  const told = { dataset: 1, revision: 2, change: 3, kind: "tag" as const, by: "a" };

  it("comes as runs", () => {
    const data = { ...told, changes: [{ tag: "100", value: true, rows: { runs: [[3, 5]] as [number, number][] } }] };
    expect(unpack(data)).toEqual([{ tag: "100", value: true, runs: [[3, 5]] }]);
  });

  it("comes as a bitmap where the runs are many", async () => {
    // Made by services.tagging.flips.rows_as_json of the even numbers from 1000 to 2998 and 5000.
    const bitmap = { first: 1000, data: "eJxbtWqkAoYRCxoAOaOmhQ==" };
    const [change] = await unpack({ ...told, changes: [{ tag: "100", value: false, rows: { bitmap } }] });
    expect(change?.runs).toHaveLength(1001);
    expect(change?.runs.slice(0, 2)).toEqual([[1000, 1000], [1002, 1002]]);
    expect(change?.runs.at(-1)).toEqual([5000, 5000]);
  });

  it("has the first row in the highest bit", () => {
    expect(runsOfBits(Uint8Array.of(0b1100_0001, 0b1000_0000), 8)).toEqual([[8, 9], [15, 16]]);
  });
});

describe("undo", () => {
  const deedOf = (labels: Labels, index: number, change: { set: Record<string, boolean>; clear?: boolean }) => {
    const before = labels.of(index) ?? new Set<string>();
    const after = changed(before, change, labels.single);
    labels.loaded([row(index, ...after)], labels.mark());
    return { title: "x", turned: [{ row: index, before, after }] };
  };

  it("turns back the cells of the change alone, and redo turns them again", () => {
    const labels = known();
    const deeds = new Deeds();
    deeds.add(deedOf(labels, 2, { set: { "3": true } }));
    labels.told([{ tag: "1", value: false, runs: [[2, 2]] }], 4);
    expect(deeds.undo((index) => labels.of(index), false)?.steps).toEqual([{ runs: [[2, 2]], change: { set: { "3": false } } }]);
    labels.loaded([row(2, "2")], labels.mark());
    expect(deeds.redo((index) => labels.of(index), false)?.steps).toEqual([{ runs: [[2, 2]], change: { set: { "3": true } } }]);
    expect([deeds.canUndo, deeds.canRedo]).toEqual([true, false]);
  });

  it("leaves what somebody has changed since", () => {
    const labels = known(true);
    const deeds = new Deeds();
    deeds.add(deedOf(labels, 0, { set: { "2": true } }));
    labels.loaded([row(0, "3")], labels.mark());
    expect(deeds.undo((index) => labels.of(index), true)?.steps).toEqual([]);
  });

  it("puts rows of one way back together", () => {
    const deeds = new Deeds();
    const [none, one, two] = [new Set<string>(), new Set(["1"]), new Set(["2"])];
    deeds.add({ title: "x", turned: [{ row: 4, before: none, after: two }, { row: 5, before: none, after: two }, { row: 6, before: one, after: two }] });
    expect(deeds.undo(() => two, true)?.steps).toEqual([
      { runs: [[4, 5]], change: { set: {}, clear: true } },
      { runs: [[6, 6]], change: { set: { "1": true } } },
    ]);
    expect(deeds.undo(() => two, true)).toBeNull();
  });
});
