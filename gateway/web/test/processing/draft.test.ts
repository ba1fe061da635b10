import { expect, it } from "vitest";
import { EMPTY, changedBy, edited, fromFile, fromStore, overridesOf, pipelineOf, restored, setAlone, show, withPipeline, withSources, without } from "../../src/processing/draft";
import type { Step } from "../../src/processing/pipeline";
import { hindrance, newKey, optionsOf } from "../../src/processing/submit";

const step = (operation: string): Step => ({ id: 1, operation, parameters: {} });
const file = (name: string) => fromFile(new File(["x"], name));
const three = () => withSources({ ...EMPTY, pipeline: [step("grey")] }, [file("a.png"), fromStore({ name: "b.png" }), file("c.png")]);

it("takes images in, each of the store's once, and shows the first", () => {
  const draft = withSources(three(), [fromStore({ name: "b.png" }), file("a.png")]);
  expect(draft.sources.map((one) => one.name)).toEqual(["a.png", "b.png", "c.png", "a.png"]);
  expect(draft.shown).toBe(draft.sources[0]?.id);
  expect(withSources(draft, [fromStore({ name: "b.png" })])).toBe(draft);
});

it("gives one image a pipeline of its own, and takes it back", () => {
  const all = three();
  const second = all.sources[1]?.id as number;
  const alone = withPipeline(setAlone(show(all, second), true), [step("gamma")]);
  expect([pipelineOf(alone, second)[0]?.operation, alone.pipeline[0]?.operation]).toEqual(["gamma", "grey"]);
  expect(overridesOf(alone)).toEqual({ 1: [{ operation: "gamma", parameters: {} }] });
  const first = show(alone, all.sources[0]?.id as number);
  expect([first.alone, edited(first)[0]?.operation]).toEqual([false, "grey"]);
  expect(show(first, second).alone).toBe(true);
  expect(overridesOf(setAlone(show(first, second), false))).toEqual({});
  const fewer = without(alone, all.sources[0]?.id as number);
  expect(overridesOf(fewer)).toEqual({ 0: [{ operation: "gamma", parameters: {} }] });
});

it("takes an edit back where it was made", () => {
  const all = three();
  const [first, second] = all.sources.map((one) => one.id) as [number, number];
  const alone = setAlone(show(all, second), true);
  const elsewhere = show(withPipeline(alone, []), first);
  const back = restored(elsewhere, alone, [step("gamma")]);
  expect([back.shown, back.alone, back.pipeline[0]?.operation, back.own[second]?.[0]?.operation]).toEqual([first, false, "grey", "gamma"]);
  expect(restored(without(elsewhere, second), alone, [])).toEqual(without(elsewhere, second));
  expect(restored(elsewhere, all, []).pipeline).toEqual([]);
});

it("shows the neighbour when the shown image goes", () => {
  let draft = three();
  const [a, b, c] = draft.sources.map((one) => one.id) as [number, number, number];
  draft = without(show(draft, c), c);
  expect(draft.shown).toBe(b);
  draft = without(without(draft, b), a);
  expect([draft.shown, draft.sources]).toEqual([null, []]);
});

it("forgets the key of a submission once it would be another one", () => {
  const draft = changedBy(three(), { key: "k" });
  expect(draft.key).toBe("k");
  expect(show(draft, draft.sources[1]?.id as number).key).toBe("k");
  expect(withPipeline(draft, []).key).toBe("");
  expect(changedBy(draft, { store: true }).key).toBe("");
});

it("says what is missing, and what it asks for", () => {
  expect(hindrance(EMPTY)).toBe("Add images first");
  expect(hindrance({ ...three(), pipeline: [] })).toBe("Add an operation first");
  expect(hindrance(three())).toBe("");
  expect(optionsOf({ ...three(), format: "webp", quality: 80 })).toEqual({
    pipeline: [{ operation: "grey", parameters: {} }], overrides: {}, format: "webp", quality: 80, store_results: false,
  });
  expect(newKey()).toMatch(/^[0-9a-f]{32}$/);
});
