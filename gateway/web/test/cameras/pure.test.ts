import { describe, expect, it } from "vitest";
import { months } from "../../src/cameras/calendar";
import { cameraUrl, type Clip, hasPicture, type Properties } from "../../src/cameras/model";
import { at, gapSpans, qualityColumns, spanOf, usageColumns } from "../../src/cameras/plots";
import { Loader } from "../../src/cameras/use_loaded";
import { ago, clock, facts, seconds, shortly, stateWords } from "../../src/cameras/words";

const WHOLE: Properties = {
  state: "whole",
  detail: "",
  codec: "h264",
  profile: "High",
  duration: 61.4,
  kbps: 1234.56,
  fps: 25,
  width: 1280,
  height: 720,
  frames: 1535,
  created_at: null,
  playable: true,
};

describe("the calendar", () => {
  it("has whole weeks from Monday, newest month first", () => {
    const [november, october] = months(["2026-10-31", "2026-11-01", "2026-11-30"]);
    expect([november?.id, october?.id]).toEqual(["2026-11", "2026-10"]);
    expect(november?.weeks[0]).toEqual([null, null, null, null, null, null, "2026-11-01"]);
    expect(november?.weeks.at(-1)).toEqual(["2026-11-30", null, null, null, null, null, null]);
    expect(november?.weeks.flat().filter(Boolean)).toHaveLength(30);
  });

  it("knows leap years and passes over what is no date", () => {
    expect(months(["2028-02-01"])[0]?.weeks.flat().filter(Boolean)).toHaveLength(29);
    expect(months(["lost+found"])).toEqual([]);
  });
});

describe("words", () => {
  it.each([
    [0.4, "0 s"],
    [59.4, "59 s"],
    [95.4, "1 min 35 s"],
    [3700, "1 h 1 min"],
    [60, "1 min"],
  ])("%d seconds are %s", (value, words) => expect(seconds(value)).toBe(words));

  it("tells a clip in a line", () => {
    expect(shortly(WHOLE)).toBe("1280×720 · 25 fps · 1 min 1 s");
    expect(shortly({ ...WHOLE, state: "truncated" })).toContain("cut off");
    expect(shortly({ ...WHOLE, state: "broken" })).toBe("broken");
  });

  it("tells all that is known, and nothing that is not", () => {
    const found = Object.fromEntries(facts({ ...WHOLE, frames: null }));
    expect(found).toEqual({
      Codec: "H264, High",
      Resolution: "1280 × 720",
      "Frame rate": "25 fps",
      Duration: "1 min 1 s",
      Bitrate: "1235 kbit/s",
    });
  });

  it("has words for states that it does not know", () => {
    expect(stateWords("online")).toBe("Online");
    expect(stateWords("on_fire")).toBe("on fire");
    expect([ago(null), ago(1), ago(90)]).toEqual(["never", "just now", "1 min 30 s ago"]);
    expect([clock(null), clock("2026-11-20T13:05:09")]).toEqual(["", "13:05"]);
  });
});

describe("charts", () => {
  it("show the camera's own clock", () => {
    expect(at("2026-11-20T13:30:00")).toBe(Date.UTC(2026, 10, 20, 13, 30) / 1000);
    expect(at("2026-11-20T13:30:00.250")).toBe(at("2026-11-20T13:30:00"));
  });

  it("have a column each, with holes where nothing was read", () => {
    const item = { clips: 1, read: 0, mean_duration: null, mean_fps: 25, resolutions: [], frame_mode: null, recording_mode: null };
    const items = [
      { ...item, start_local: "2026-11-20T13:00:00", mean_kbps: null },
      { ...item, start_local: "2026-11-20T13:30:00", mean_kbps: 10 },
    ];
    expect(qualityColumns(items, "mean_kbps")[1]).toEqual([null, 10]);
    expect(usageColumns([{ start_local: "2026-11-20T13:00:00", clips: 1, size: 2_500_000 }])[1]).toEqual([2.5]);
    const gap = { start_local: "2026-11-20T13:00:00", end_local: "2026-11-20T13:00:30", seconds: 30, recording_mode: null };
    const [from, to] = gapSpans([gap])[0] as [number, number];
    expect(to - from).toBe(30);
  });
});

describe("addresses", () => {
  it("hold whatever an id holds", () => expect(cameraUrl("a b", "clips", "x/y")).toBe("/api/sdcard/v1/cameras/a%20b/clips/x%2Fy"));

  it("ask for no picture that there cannot be", () => {
    const clip: Clip = { id: "1", name: "1.mp4", date: "", hour: 1, kind: "clip", start_local: null, size: 1, properties: WHOLE };
    expect(hasPicture(clip)).toBe(true);
    expect(hasPicture({ ...clip, properties: null })).toBe(false);
    expect(hasPicture({ ...clip, properties: { ...WHOLE, state: "broken" } })).toBe(false);
    expect(hasPicture({ ...clip, properties: { ...WHOLE, state: "truncated" } })).toBe(true);
    expect(hasPicture({ ...clip, properties: { ...WHOLE, state: "truncated", codec: null, width: null, height: null } })).toBe(false);
    expect(hasPicture({ ...clip, kind: "other" })).toBe(false);
  });
});

describe("a chart's span", () => {
  it("has the gaps before the first bar and after the last", () => {
    expect(spanOf([3600, 5400], 1800, [])).toEqual([3600, 7200]);
    expect(spanOf([3600, 5400], 1800, [[0, 3600], [6000, 9000]])).toEqual([0, 9000]);
  });
});

describe("a loader", () => {
  it("makes one more call of many wishes, and breaks none off", async () => {
    const answers: ((value: number) => void)[] = [];
    const found: number[] = [];
    const loader = new Loader(() => new Promise<number>((done) => answers.push(done)), (value) => found.push(value), () => {});
    for (let wish = 0; wish < 5; wish++) loader.wish();
    expect(answers).toHaveLength(1);
    answers[0]?.(1);
    await new Promise((done) => setTimeout(done));
    expect([found, answers.length]).toEqual([[1], 2]);
    answers[1]?.(2);
    await new Promise((done) => setTimeout(done));
    expect([found, answers.length]).toEqual([[1, 2], 2]);
  });

  it("goes on after a failure, and is quiet after its end", async () => {
    const told: unknown[] = [];
    let calls = 0;
    const load = () => (++calls === 1 ? Promise.reject(new Error("away")) : Promise.resolve(calls));
    const loader = new Loader(load, (value) => told.push(value), (why) => told.push(why));
    loader.wish();
    await new Promise((done) => setTimeout(done));
    loader.wish();
    await new Promise((done) => setTimeout(done));
    expect(told).toEqual([new Error("away"), 2]);
    loader.wish();
    loader.end();
    await new Promise((done) => setTimeout(done));
    expect(told).toHaveLength(2);
  });
});
