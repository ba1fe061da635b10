/** A draft as it is written down, and read again. Pure. */

import { type Draft, EMPTY, type Source, fromFile, fromStore } from "./draft";
import type { Format, Operation, WireStep } from "./model";
import { fromWire, toWire } from "./pipeline";

export interface KeptImage {
  name: string;
  /** The id of its bytes in the box of files; none for an image of the image store. */
  file?: string;
  digest?: string;
  size?: number;
  own?: WireStep[];
}

export interface KeptDraft {
  images: KeptImage[];
  /** The place of the image that is shown. */
  shown: number;
  alone: boolean;
  pipeline: WireStep[];
  format: Format | "";
  quality: number | null;
  store: boolean;
  key: string;
}

/** `boxed` knows the files that can be had again; others are left out. */
export function keptOf(draft: Draft, boxed: ReadonlyMap<number, string>): KeptDraft {
  const kept = draft.sources.filter((one) => !one.file || boxed.get(one.id));
  const { pipeline, alone, format, quality, store, key } = draft;
  return {
    images: kept.map((one) => imageOf(one, one.file ? boxed.get(one.id) : undefined, draft)),
    shown: kept.findIndex((one) => one.id === draft.shown),
    alone,
    pipeline: toWire(pipeline),
    format,
    quality,
    store,
    key: kept.length === draft.sources.length ? key : "",
  };
}

function imageOf(source: Source, file: string | undefined, draft: Draft): KeptImage {
  const own = draft.own[source.id];
  return {
    name: source.name,
    ...(file ? { file } : { size: source.size, digest: source.key.split(":").at(-1) ?? "" }),
    ...(own ? { own: toWire(own) } : {}),
  };
}

/** The draft again, and where its files' bytes are; files that are not there any more are left out. */
export function fromKept(
  kept: KeptDraft,
  files: ReadonlyMap<string, File>,
  operations: readonly Operation[],
): { draft: Draft; boxed: Map<number, string> } {
  const boxed = new Map<number, string>();
  const own: Record<number, Draft["pipeline"]> = {};
  let shown: number | null = null;
  const sources = kept.images.flatMap((image, place) => {
    const source = sourceOf(image, files);
    if (!source) return [];
    if (image.file) boxed.set(source.id, image.file);
    if (image.own) own[source.id] = fromWire(image.own, operations);
    if (place === kept.shown) shown = source.id;
    return [source];
  });
  const whole = sources.length === kept.images.length;
  shown ??= sources[0]?.id ?? null;
  const { format, quality, store } = kept;
  const draft: Draft = {
    ...EMPTY, sources, own, shown, format, quality, store,
    pipeline: fromWire(kept.pipeline, operations),
    alone: kept.alone && shown !== null && shown in own,
    key: whole ? kept.key : "",
  };
  return { draft, boxed };
}

function sourceOf(image: KeptImage, files: ReadonlyMap<string, File>): Source | null {
  if (!image.file) return fromStore(image);
  const file = files.get(image.file);
  return file ? fromFile(file) : null;
}
