/** The uploads of this page. They go on while another workbench is looked at; a reload is warned of, and remembered. */

import { count } from "../common/format";
import type { Http } from "../common/http";
import { keep, recall } from "../common/kept";
import { Store } from "../common/store";
import { Api } from "./api";
import { lineOf } from "./line";
import { type Line, type Upload, Uploads, hasEnded } from "./upload";

const UNSENT = "unsent-uploads";

export const list = new Store<readonly Upload[]>([]);
/** How many files an earlier life of this page could not send: the browser does not keep files for it. */
export const lost = new Store(recall(UNSENT, 0, tabStorage()));

let line: Line | null = null;
export const uploads = new Uploads(changed, {
  send: (...given) => line!.send(...given),
  isThere: (named) => line!.isThere(named),
});

/** The calls go by the session that is open now. */
export function uploadsBy(http: Http): Uploads {
  line = lineOf(new Api(http));
  return uploads;
}

export function forgetLost(): void {
  lost.set(0);
  keep(UNSENT, left(list.get()), tabStorage());
}

export function wordsOfLost(files: number): string {
  return `${count(files, "file")} had not been sent when this page was left. Drop the same files or folder again: what is stored already is skipped.`;
}

function changed(now: readonly Upload[]): void {
  const [before, after] = [left(list.get()), left(now)];
  list.set(now);
  if (before === after) return;
  keep(UNSENT, after + lost.get(), tabStorage());
  if (after && !before) addEventListener("beforeunload", warn);
  if (!after) removeEventListener("beforeunload", warn);
}

function left(uploads: readonly Upload[]): number {
  return uploads.reduce((sum, upload) => sum + (hasEnded(upload) ? 0 : 1), 0);
}

function warn(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

/** A tab's own: another one may be sending the same. */
function tabStorage(): Storage | null {
  try {
    return globalThis.sessionStorage;
  } catch {
    return null;
  }
}
