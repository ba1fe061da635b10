/** What is being prepared: the images, what is to be done with them, and how. draft_memory.ts keeps it. */

import { Store } from "../common/store";
import type { Format, WireStep } from "./model";
import { type Pipeline, toWire } from "./pipeline";

/** An image of a job to be: a file of this machine, or one that the image store has. */
export interface Source {
  id: number;
  name: string;
  file: File | null;
  /** Bytes; 0 where it is not known. */
  size: number;
  /** What tells this image from others, for what is made of it once. */
  key: string;
}

export interface Draft {
  sources: readonly Source[];
  pipeline: Pipeline;
  /** Pipelines of some images' own, by the source's id. */
  own: Readonly<Record<number, Pipeline>>;
  /** The image that is shown. */
  shown: number | null;
  /** Whether edits are for the shown image alone. */
  alone: boolean;
  format: Format | "";
  quality: number | null;
  store: boolean;
  /** Sent with the job: a second try of the same makes no second job. Empty once anything has changed. */
  key: string;
}

export const EMPTY: Draft = {
  sources: [], pipeline: [], own: {}, shown: null, alone: false, format: "", quality: null, store: false, key: "",
};

/** What others than the images change leaves the images in place. */
export function changedBy(draft: Draft, change: Partial<Draft>): Draft {
  const only_looks = Object.keys(change).every((name) => name === "shown" || name === "alone" || name === "key");
  return { ...draft, ...change, ...(only_looks ? {} : { key: "" }) };
}

let next = 1;

export function fromFile(file: File): Source {
  const id = next++;
  return { id, name: file.name, file, size: file.size, key: `file:${id}` };
}

export function fromStore(image: { name: string; size?: number; digest?: string }): Source {
  const digest = image.digest ?? "";
  return { id: next++, name: image.name, file: null, size: image.size ?? 0, key: `store:${image.name}:${digest}` };
}

/** The image store's images come in once, however often they are chosen; files as often as they are dropped. */
export function withSources(draft: Draft, more: readonly Source[]): Draft {
  const there = new Set(draft.sources.filter((one) => !one.file).map((one) => one.name));
  const fresh = more.filter((one) => one.file || !there.has(one.name));
  if (!fresh.length) return draft;
  return changedBy(draft, { sources: [...draft.sources, ...fresh], shown: draft.shown ?? fresh[0]?.id ?? null });
}

/** The neighbour is shown where the image that was shown goes. */
export function without(draft: Draft, id: number): Draft {
  const at = draft.sources.findIndex((one) => one.id === id);
  const sources = draft.sources.filter((one) => one.id !== id);
  const { [id]: _, ...own } = draft.own;
  const shown = draft.shown === id ? ((sources[at] ?? sources[at - 1])?.id ?? null) : draft.shown;
  return changedBy(draft, { sources, own, shown, alone: draft.alone && shown === draft.shown });
}

/** The pipeline that is edited and shown now. */
export function edited(draft: Draft): Pipeline {
  const own = draft.alone && draft.shown !== null ? draft.own[draft.shown] : undefined;
  return own ?? draft.pipeline;
}

/** The pipeline that the shown image goes through. */
export function pipelineOf(draft: Draft, id: number | null): Pipeline {
  return (id !== null && draft.own[id]) || draft.pipeline;
}

/** The draft with the edited pipeline another one: that of the shown image, or that of all. */
export function withPipeline(draft: Draft, pipeline: Pipeline): Draft {
  if (!draft.alone || draft.shown === null) return changedBy(draft, { pipeline });
  return changedBy(draft, { own: { ...draft.own, [draft.shown]: pipeline } });
}

/** The pipeline that was edited in `before` is `pipeline` again, whatever is looked at now. */
export function restored(draft: Draft, before: Draft, pipeline: Pipeline): Draft {
  if (!before.alone || before.shown === null) return changedBy(draft, { pipeline });
  const there = draft.sources.some((one) => one.id === before.shown);
  return there ? changedBy(draft, { own: { ...draft.own, [before.shown]: pipeline }, alone: draft.alone || draft.shown === before.shown }) : draft;
}

/** The shown image on its own, with a copy of the common pipeline to begin with; or back with all. */
export function setAlone(draft: Draft, alone: boolean): Draft {
  if (draft.shown === null) return draft;
  if (alone) {
    const own = draft.own[draft.shown] ?? draft.pipeline;
    return changedBy({ ...draft, alone }, { own: { ...draft.own, [draft.shown]: own } });
  }
  const { [draft.shown]: _, ...own } = draft.own;
  return changedBy({ ...draft, alone }, { own });
}

/** Looks at another image; edits go where its own pipeline is, if it has one. */
export function show(draft: Draft, id: number): Draft {
  return { ...draft, shown: id, alone: id in draft.own };
}

/** Overrides as the service takes them: by the image's place. */
export function overridesOf(draft: Draft): Record<number, WireStep[]> {
  const places = draft.sources.flatMap((one, place) => {
    const own = draft.own[one.id];
    return own ? [[place, toWire(own)] as const] : [];
  });
  return Object.fromEntries(places);
}

export const draft = new Store<Draft>(EMPTY);
