/** Keeps the draft, with its files, in the browser: for the next visit, and apart for each key that signs in here. */

import { keep, recall } from "../common/kept";
import { type Draft, draft, EMPTY } from "./draft";
import { FileBox } from "./file_box";
import { type KeptDraft, fromKept, keptOf } from "./kept_draft";
import type { Operation } from "./model";
import { newKey } from "./submit";

const REST_MS = 300;
const MOST_FILES = 500;
const MOST_BYTES = 512 * 1024 * 1024; // kept of one draft; browsers give far more, but not always

const box = new FileBox();
/** Where the bytes of the draft's files are kept, by the source's id; empty while they are written, or could not be. */
let boxed = new Map<number, string>();
let owner: string | null = null;
let taking: Promise<void> | null = null;
let resting: ReturnType<typeof setTimeout> | undefined;

/** Takes up what the person of this name prepared; once, until somebody else signs in. */
export function takeUp(operations: readonly Operation[], name: string): Promise<void> {
  if (owner !== name || !taking) {
    if (draft.get() !== EMPTY) keepNow();
    owner = name;
    taking = take(operations, name);
  }
  return taking;
}

async function take(operations: readonly Operation[], name: string): Promise<void> {
  clearTimeout(resting);
  boxed = new Map();
  draft.set(EMPTY);
  clearTimeout(resting);
  const kept = recall<KeptDraft | null>(place(name), null);
  const files = await box.sweep(idsOf(kept), idsOfOthers(name));
  if (owner !== name || draft.get() !== EMPTY || !Array.isArray(kept?.images)) return;
  const found = fromKept(kept, files, operations);
  boxed = found.boxed;
  draft.set(found.draft);
}

function place(name: string): string {
  return `processing.${name}`;
}

function idsOf(kept: KeptDraft | null): Set<string> {
  return new Set((kept?.images ?? []).flatMap((image) => image.file ?? []));
}

/** The files of other people's drafts stay where they are. */
function idsOfOthers(name: string): Set<string> {
  const prefix = `darkroom.${place("")}`;
  const ids = new Set<string>();
  try {
    for (const stored of Object.keys(localStorage)) {
      if (!stored.startsWith(prefix) || stored === `darkroom.${place(name)}`) continue;
      for (const id of idsOf(recall<KeptDraft | null>(stored.slice("darkroom.".length), null))) ids.add(id);
    }
  } catch {
    // No storage: no drafts of others either.
  }
  return ids;
}

/** Files that came are written, those that went are dropped. */
function fill(now: Draft): void {
  const files = now.sources.filter((one) => one.file);
  const here = new Set(files.map((one) => one.id));
  let bytes = files.reduce((sum, one) => sum + (boxed.has(one.id) ? one.size : 0), 0);
  for (const { id, file, size } of files) {
    if (boxed.has(id) || !file) continue;
    boxed.set(id, "");
    bytes += size;
    if (boxed.size <= MOST_FILES && bytes <= MOST_BYTES) void write(id, file, boxed);
  }
  for (const [id, kept] of boxed) {
    if (here.has(id)) continue;
    boxed.delete(id);
    if (kept) void box.drop(kept);
  }
}

async function write(id: number, file: File, into: Map<number, string>): Promise<void> {
  const key = newKey();
  if (!(await box.put(key, file))) return;
  if (into !== boxed || !into.has(id)) return void box.drop(key);
  into.set(id, key);
  rest();
}

function keepNow(): void {
  if (owner !== null) keep(place(owner), keptOf(draft.get(), boxed));
}

function rest(): void {
  clearTimeout(resting);
  resting = setTimeout(keepNow, REST_MS);
}

// Once the hand rests, for a slider changes the draft many times a second; and when the page goes.
draft.watch((now) => {
  fill(now);
  rest();
});
globalThis.addEventListener?.("pagehide", () => {
  clearTimeout(resting);
  if (draft.get() !== EMPTY) keepNow();
});
// A page that is left forgets files that could not be kept: the browser asks first.
globalThis.addEventListener?.("beforeunload", (event) => {
  if (draft.get().sources.some((one) => one.file && !boxed.get(one.id))) event.preventDefault();
});
