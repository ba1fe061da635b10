import { expect, it } from "vitest";
import { type NumberControl, controlOf, controlsOf, defaultsOf, firstValue, fit, isChanged } from "../../src/processing/controls";
import { histogram, facts, outline, wordsOfHistogram } from "../../src/processing/histogram";
import type { Operation, Schema } from "../../src/processing/model";
import { added, changed, found, fromWire, movedTo, removed, titles, toWire } from "../../src/processing/pipeline";
import { POSITIONS, moved, position, valueAt } from "../../src/processing/slider";
import { WHOLE, panned, transform, zoomed } from "../../src/processing/zoom";

const operation = (name: string, title: string, family: string, properties: Record<string, Schema> = {}): Operation => ({
  name, title, family, description: "", takes: "anything", parameters: { properties },
});
const KERNEL: Schema = { type: "integer", title: "Kernel", default: 5, minimum: 1, maximum: 101, not: { multipleOf: 2 }, unit: "pixels" };
const BLUR = operation("gaussian_blur", "Gaussian blur", "smoothing", {
  kernel: KERNEL,
  sigma: { type: "number", title: "Sigma", default: 0, minimum: 0, maximum: 100 },
});
const EDGES = operation("edge_detection", "Edge detection", "edges", {
  low: { type: "number", default: 90, minimum: 0, maximum: 10000 },
  aperture: { type: "integer", enum: [3, 5, 7], default: 3 },
  precise: { type: "boolean", default: false },
});
const ALL = [BLUR, EDGES, operation("grey", "Grey", "colours")];
const number = (schema: Schema): NumberControl => controlOf("value", schema) as NumberControl;

it("makes a control of each kind of schema", () => {
  expect(controlsOf(EDGES).map((one) => [one.name, one.kind])).toEqual([["low", "number"], ["aperture", "choice"], ["precise", "switch"]]);
  expect(controlOf("kernel", KERNEL)).toEqual({
    kind: "number", name: "kernel", title: "Kernel", description: "", unit: "pixels", default: 5, optional: false,
    integer: true, min: 1, max: 101, step: 2,
  });
  const width = number({ anyOf: [{ type: "integer", minimum: 1, maximum: 8192, unit: "pixels" }, { type: "null" }], default: null, title: "Width" });
  expect([width.optional, width.default, width.unit, width.max]).toEqual([true, null, "pixels", 8192]);
  expect(firstValue(width)).toBe(640);
  expect(number({ type: "number", exclusiveMinimum: 0, maximum: 100 }).min).toBe(0.01);
  expect(controlOf("words", { type: "string" })).toBeNull();
  expect(controlOf("a", { type: "integer", title: "Octave Layers" })?.title).toBe("Octave layers");
});

it("keeps values allowed: in range, whole, odd", () => {
  const kernel = number(KERNEL);
  expect([0, 4.2, 6, 100, 5000].map((value) => fit(kernel, value))).toEqual([1, 5, 7, 101, 101]);
  expect(fit(number({ type: "number", minimum: 0, maximum: 10 }), 1.23456)).toBe(1.23);
  expect(fit(number({ type: "integer", minimum: 2, maximum: 9 }), 1)).toBe(2);
  expect(defaultsOf(BLUR)).toEqual({ kernel: 5, sigma: 0 });
  expect([isChanged(kernel, 5), isChanged(kernel, 7), isChanged(kernel, undefined)]).toEqual([false, true, false]);
});

it("gives usual values room on a slider of a wide range, and every key another value", () => {
  const wide = number({ type: "number", minimum: 0, maximum: 10000, default: 90 });
  expect(position(wide, 90) / POSITIONS).toBeCloseTo(0.3, 2);
  expect([valueAt(wide, 0), valueAt(wide, POSITIONS)]).toEqual([0, 10000]);
  for (const schema of [KERNEL, { type: "integer", minimum: 0, maximum: 100000, default: 0 }, { type: "integer", minimum: 1, maximum: 5, default: 2 }]) {
    const control = number(schema);
    let value = control.min;
    for (let key = 0; key < 3000 && value < control.max; key++) {
      const up = moved(control, value, Math.min(POSITIONS, position(control, value) + 1));
      expect(up).toBeGreaterThan(value);
      value = up;
    }
    expect(value).toBe(control.max);
    expect(moved(control, value, POSITIONS - 1)).toBeLessThan(value);
  }
});

it("edits pipelines", () => {
  let pipeline = added(added(added([], BLUR), EDGES), BLUR);
  const [first, second, third] = pipeline.map((step) => step.id) as [number, number, number];
  pipeline = changed(pipeline, third, { kernel: 9 });
  expect(toWire(pipeline)).toEqual([
    { operation: "gaussian_blur", parameters: { kernel: 5, sigma: 0 } },
    { operation: "edge_detection", parameters: { low: 90, aperture: 3, precise: false } },
    { operation: "gaussian_blur", parameters: { kernel: 9, sigma: 0 } },
  ]);
  expect(movedTo(pipeline, third, 0).map((step) => step.id)).toEqual([third, first, second]);
  expect(movedTo(pipeline, first, 99).map((step) => step.id)).toEqual([second, third, first]);
  expect(movedTo(pipeline, first, -1)).toBe(pipeline);
  expect(removed(pipeline, second).map((step) => step.id)).toEqual([first, third]);
  for (let more = 0; more < 9; more++) pipeline = added(pipeline, EDGES);
  expect(pipeline).toHaveLength(10);
});

it("takes up saved steps, with what they leave out and without what is not known", () => {
  const steps = fromWire([{ operation: "gaussian_blur", parameters: { kernel: 9, gone: 1 } }, { operation: "lost", parameters: {} }], ALL);
  expect(toWire(steps)).toEqual([{ operation: "gaussian_blur", parameters: { kernel: 9, sigma: 0 } }]);
  expect(titles(toWire(added(steps, EDGES)), ALL)).toBe("Gaussian blur → Edge detection");
});

it("finds operations by all their words, beginnings first", () => {
  const names = (words: string) => found([operation("x", "After grey", "colours"), ...ALL], words).map((one) => one.title);
  expect(names("grey")).toEqual(["Grey", "After grey"]);
  expect(names("SMOOTH blur")).toEqual(["Gaussian blur"]);
  expect(names("nothing")).toEqual([]);
  expect(names("")).toHaveLength(4);
});

it("counts brightnesses, without what is transparent", () => {
  const of = histogram(new Uint8ClampedArray([0, 0, 0, 255, 255, 255, 255, 255, 255, 0, 0, 255, 9, 9, 9, 0]));
  expect([of.pixels, of.red[255], of.green[255], of.blue[0], of.grey[76]]).toEqual([3, 2, 1, 2, 1]);
  expect(facts(of).mean).toBeCloseTo((0 + 255 + 76) / 3);
  expect(wordsOfHistogram(of)).toBe("mean 110, black 33\u00a0%, white 33\u00a0%");
  expect(outline(of.red, 2, 10).split("L")).toHaveLength(258);
  expect(outline(of.red, 2, 10)).toContain("L255 0.0");
});

it("zooms where the hand is, pans with it, and never shows what lies outside", () => {
  const near = zoomed(WHOLE, 4, 0.25, 0.75);
  expect(near).toEqual({ scale: 4, x: 0.1875, y: 0.5625 });
  expect(zoomed(near, 0.25, 0.25, 0.75)).toEqual(WHOLE);
  expect(panned(near, 100, -100)).toEqual({ scale: 4, x: 0, y: 0.75 });
  expect(zoomed(near, 0.0001)).toEqual(WHOLE);
  expect(zoomed(near, 1000).scale).toBe(32);
  expect(transform(near)).toBe("scale(4) translate(-18.75%, -56.25%)");
});
