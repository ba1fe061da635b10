import { describe, expect, it } from "vitest";
import { ALL, filterOf, isAll, parametersOf, queryOf, wordsOf } from "../../src/tagging/filter";
import { bodyOf, tagsOf } from "../../src/tagging/import_body";
import { conflicts, keysOf } from "../../src/tagging/keymap";
import { Pictures } from "../../src/tagging/pictures";
import { percent } from "../../src/tagging/scrubber";
import { FIT, bestColumns, matrix, panned, turned, zoomed } from "../../src/tagging/view";

const picture = { width: 1280, height: 720 };
const pane = { width: 640, height: 480 };

/** Where a point of the picture lies in the pane. */
function at(view: typeof FIT, x: number, y: number) {
  const [a, b, c, d, e, f] = matrix(view, picture, pane);
  return [a * x + c * y + e, b * x + d * y + f].map((value) => Math.round(value * 1000) / 1000 + 0);
}

describe("a view", () => {
  it("shows all of the picture, in the middle", () => {
    expect([at(FIT, 0, 0), at(FIT, 1280, 720)]).toEqual([[0, 60], [640, 420]]);
    expect([at(turned(FIT), 0, 0), at(turned(FIT), 1280, 720)]).toEqual([[455, 0], [185, 480]]);
  });

  it("keeps what lies under the hand where it is", () => {
    const near = zoomed(FIT, 4, 100, 200, picture, pane);
    const [a, , , d, e, f] = matrix(near, picture, pane);
    expect([(100 - e) / a, (200 - f) / d]).toEqual([expect.closeTo(200), expect.closeTo(280)]);
    expect(zoomed(near, 1 / 100, 100, 200, picture, pane)).toEqual(FIT);
  });

  it("moves with the hand, and no further than the edge", () => {
    const near = { ...FIT, zoom: 4 };
    const moved = panned(near, 40, -20, picture, pane);
    const [before, after] = [at(near, 640, 360), at(moved, 640, 360)];
    expect([(after[0] ?? 0) - (before[0] ?? 0), (after[1] ?? 0) - (before[1] ?? 0)]).toEqual([expect.closeTo(40), expect.closeTo(-20)]);
    expect(at(panned(near, 1e6, 1e6, picture, pane), 0, 0)).toEqual([0, 0]);
    const across = turned(near);
    const slid = panned(across, 10, 0, picture, pane);
    expect((at(slid, 640, 360)[0] ?? 0) - (at(across, 640, 360)[0] ?? 0)).toBeCloseTo(10);
  });

  it("lays cameras side by side, unless another way is much larger", () => {
    expect(bestColumns(3, { width: 1400, height: 640 }, 9 / 16)).toBe(3);
    expect(bestColumns(3, { width: 390, height: 700 }, 9 / 16)).toBe(1);
    expect(bestColumns(6, { width: 1400, height: 800 }, 9 / 16)).toBe(3);
    expect(bestColumns(1, pane, 9 / 16)).toBe(1);
  });
});

describe("filters", () => {
  it("stand in the address, and in the question", () => {
    const filter = { ...ALL, tag: ["100", "101"], untagged: false, q: "a&b" };
    expect(filterOf(new URLSearchParams(Object.entries(queryOf(filter)).filter(([, value]) => value)))).toEqual(filter);
    expect(String(parametersOf(filter))).toBe("tag=100&tag=101&untagged=false&q=a%26b");
    expect([isAll(ALL), isAll(filterOf(new URLSearchParams())), isAll(filter)]).toEqual([true, true, false]);
    expect(wordsOf({ ...ALL, tag: ["1"], untagged: true }, () => "rain")).toBe("with rain, untagged");
  });
});

describe("keys", () => {
  it("can be others, and two wants of one are told", () => {
    expect(keysOf("none", {})).toEqual(["f"]);
    expect(keysOf("none", { none: ["0"] })).toEqual(["0"]);
    expect(conflicts([{ code: 1, alias: "fog", key: "F" }], {})).toEqual(["F is wanted by fog and No tag; fog has it"]);
    expect(conflicts([{ code: 1, alias: "fog", key: "1" }], {})).toEqual([]);
  });
});

describe("a new dataset", () => {
  const wanted = {
    source: "path" as const, name: " ", data: null, meta: null, data_path: " a.csv ", meta_path: "", save_to: "same_file",
    encoding: "", multiple: false, changes: "5", seconds: "", q: "cat", tags: "people, animals,, people",
  };

  it("is asked for as JSON, or as a form with files", () => {
    expect(bodyOf(wanted)).toEqual({
      name: null, save_to: "same_file", multiple_selection: false, autosave: { every_changes: 5, every_seconds: null },
      data_path: "a.csv", meta_path: null, encoding: "utf-8",
    });
    expect(bodyOf({ ...wanted, source: "images", save_to: "" })).toMatchObject({ images: { q: "cat" }, tags: [{ alias: "people" }, { alias: "animals" }] });
    const form = bodyOf({ ...wanted, source: "upload", data: new File(["x"], "d.csv") }) as FormData;
    expect([...form.keys()].sort()).toEqual(["data", "every_changes", "multiple_selection", "save_to"]);
  });

  it("gives number keys to the first nine tags", () => {
    expect(tagsOf("a,b")).toEqual([{ code: 100, alias: "a", key: "1" }, { code: 101, alias: "b", key: "2" }]);
    expect(tagsOf("abcdefghij".split("").join()).at(-1)).toEqual({ code: 109, alias: "j", key: null });
  });
});

it("never says that all is done before it is", () => {
  expect([percent(0, 9), percent(1, 10_000), percent(9999, 10_000), percent(5, 5), percent(0, 0)]).toEqual(["0 %", "1 %", "99 %", "100 %", "0 %"]);
});

describe("pictures", () => {
  const settle = () => new Promise((resolve) => setTimeout(resolve, 0));
  const bitmap = () => ({ width: 10, height: 10, close: () => undefined }) as ImageBitmap;

  it("come in the order of their urgency, six at a time", async () => {
    const asked: string[] = [];
    const ends: (() => void)[] = [];
    const pictures = new Pictures(
      3,
      (path) => (asked.push(path.split("/").at(-2) ?? ""), new Promise((resolve) => ends.push(() => resolve(new Response("x"))))),
      async () => bitmap(),
    );
    pictures.want([5, 6, 7, 8, 9, 10, 11, 4]);
    expect(asked).toEqual(["5", "6", "7", "8", "9", "10"]);
    ends[0]?.();
    await settle();
    expect([pictures.isReady(5), pictures.get(6)?.state, asked.at(-1)]).toEqual([true, "loading", "11"]);
    pictures.want([100]);
    expect([asked.at(-1), pictures.get(6), pictures.isReady(5)]).toEqual(["100", undefined, true]);
  });

  it("of the frame that is shown go before those of its neighbours", () => {
    const asked: string[] = [];
    const pictures = new Pictures(3, (path) => (asked.push(path.split("/").at(-2) ?? ""), new Promise(() => undefined)), async () => bitmap());
    pictures.want([1, 2, 3, 4, 5, 6, 7]);
    pictures.hurry([20, 21]);
    expect(asked).toEqual(["1", "2", "3", "4", "5", "6", "20", "21"]);
    expect([pictures.get(1), pictures.get(2), pictures.get(3)?.state]).toEqual([undefined, undefined, "loading"]);
  });

  it("that a browser does not draw are asked for as JPEG", async () => {
    const asked: string[] = [];
    const pictures = new Pictures(
      3,
      async (path) => (asked.push(path), new Response(path)),
      async (blob) => {
        if (!(await blob.text()).includes("edge=")) throw new Error("no picture");
        return bitmap();
      },
    );
    pictures.want([1]);
    for (let turn = 0; turn < 5; turn++) await settle();
    expect(pictures.isReady(1)).toBe(true);
    expect(asked.at(-1)).toBe("/api/tagging/v1/datasets/3/rows/1/image?edge=2048");
  });

  it("that are not there say so, and can be tried again", async () => {
    let status = 404;
    const pictures = new Pictures(3, async () => (status === 200 ? new Response("x") : Response.json({ detail: "no such file" }, { status })), async () => bitmap());
    pictures.want([1]);
    for (let turn = 0; turn < 5; turn++) await settle();
    expect(pictures.get(1)).toEqual({ state: "failed", why: "no such file" });
    status = 200;
    pictures.retry(1);
    for (let turn = 0; turn < 5; turn++) await settle();
    expect(pictures.isReady(1)).toBe(true);
  });
});
