import { expect, it } from "vitest";
import { EMPTY, changedBy, fromFile, fromStore, setAlone, show, withPipeline, withSources } from "../../src/processing/draft";
import { fromKept, keptOf } from "../../src/processing/kept_draft";
import type { Operation } from "../../src/processing/model";
import { stepOf, toWire } from "../../src/processing/pipeline";

const operation = (name: string) => ({ name, title: name, description: "", category: "", parameters: { type: "object", properties: {} } }) as unknown as Operation;
const OPERATIONS = [operation("grey"), operation("gamma")];
const step = (place: number) => stepOf(OPERATIONS[place] as Operation);
const file = (name: string) => new File([name], name);

function prepared() {
  const sources = [fromFile(file("a.png")), fromStore({ name: "b.png", size: 7, digest: "sha" }), fromFile(file("c.png"))];
  const [a, b, c] = sources.map((one) => one.id) as [number, number, number];
  const all = changedBy(withSources({ ...EMPTY, pipeline: [step(0)] }, sources), { format: "png", quality: 80, store: true });
  return { draft: changedBy(withPipeline(setAlone(show(all, b), true), [step(1)]), { key: "once" }), a, b, c };
}

it("comes back as it was: images in order, own pipelines, what is shown, and the key of a submission", () => {
  const { draft, a, c } = prepared();
  const kept = JSON.parse(JSON.stringify(keptOf(draft, new Map([[a, "1"], [c, "3"]]))));
  const again = fromKept(kept, new Map([["1", file("a.png")], ["3", file("c.png")]]), OPERATIONS);
  expect(again.draft.sources.map((one) => [one.name, one.file?.size ?? one.size])).toEqual([["a.png", 5], ["b.png", 7], ["c.png", 5]]);
  expect(again.draft.sources[1]?.key).toBe("store:b.png:sha");
  const shown = again.draft.shown as number;
  expect(shown).toBe(again.draft.sources[1]?.id);
  expect(toWire(again.draft.own[shown] ?? [])).toEqual([{ operation: "gamma", parameters: {} }]);
  expect(toWire(again.draft.pipeline)).toEqual([{ operation: "grey", parameters: {} }]);
  const { alone, format, quality, store, key } = again.draft;
  expect({ alone, format, quality, store, key }).toEqual({ alone: true, format: "png", quality: 80, store: true, key: "once" });
  expect([...again.boxed.values()]).toEqual(["1", "3"]);
});

it("is another job where a file could not be kept, or is gone", () => {
  const { draft, a } = prepared();
  const some = keptOf(draft, new Map([[a, "1"]]));
  expect([some.images.map((one) => one.name), some.key, some.shown]).toEqual([["a.png", "b.png"], "", 1]);
  const whole = keptOf(draft, new Map(draft.sources.map((one) => [one.id, String(one.id)])));
  const left = fromKept(whole, new Map(), OPERATIONS).draft;
  expect([left.sources.map((one) => one.name), left.key]).toEqual([["b.png"], ""]);
});
