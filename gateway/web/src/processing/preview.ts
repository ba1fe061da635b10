/** The live preview: a smaller copy of one image, and what the pipeline makes of it. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Http, Refusal, wordsOf } from "../common/http";
import { useShell } from "../common/shell";
import type { Picture } from "./compare";
import type { Source } from "./draft";
import { Latest } from "./latest";
import { API } from "./model";
import { copyOf, wholeOf } from "./pictures";
import { type Pipeline, toWire } from "./pipeline";

/** Sides of the copy: enough for a pane, and little to send and compute. */
export const EDGE = 1024;

export interface Preview {
  before: Picture | null;
  after: Picture | null;
  busy: boolean;
  error: string;
}

const NOTHING: Preview = { before: null, after: null, busy: false, error: "" };

export function usePreview(source: Source | null, pipeline: Pipeline, whole: boolean): Preview {
  const { http } = useShell();
  const [seen, setSeen] = useState<Preview>(NOTHING);
  const see = (part: Partial<Preview>) => setSeen((now) => ({ ...now, ...part }));
  const latest = useMemo(
    () =>
      new Latest<Picture>({
        done: (after) => see({ after, error: "" }),
        failed: (error) => see({ error: words(error) }),
        busy: (busy) => see({ busy }),
      }),
    [],
  );
  const copy = useRef<{ key: string; blob: Promise<Blob> } | null>(null);
  useEffect(() => {
    latest.stop();
    setSeen(NOTHING);
    if (!source) return;
    let shown = true;
    const blob = whole ? wholeOf(source) : copyOf(source, EDGE);
    copy.current = { key: source.key, blob };
    blob.then(drawn).then(
      (before) => shown && see({ before }),
      (error: unknown) => shown && see({ error: words(error) }),
    );
    return () => {
      shown = false;
    };
  }, [source?.key, whole]);
  const steps = JSON.stringify(toWire(pipeline));
  useEffect(() => {
    const held = copy.current;
    if (!source || !held) return;
    latest.ask(async (signal) => {
      const blob = await held.blob;
      return picture(pipeline.length ? await process(http, blob, steps, signal) : blob);
    });
  }, [source?.key, whole, steps]);
  useEffect(() => () => latest.stop(), []);
  useRelease(seen.before);
  useRelease(seen.after);
  return seen;
}

async function process(http: Http, blob: Blob, steps: string, signal: AbortSignal): Promise<Blob> {
  const form = new FormData();
  form.append("image", blob, "preview");
  form.append("pipeline", steps);
  form.append("format", "png");
  return (await http.call("POST", `${API}/process`, form, { signal })).blob();
}

function picture(blob: Blob): Picture {
  return { blob, url: URL.createObjectURL(blob) };
}

/** Null for what this browser cannot draw, such as TIFF: the result alone is shown then. */
async function drawn(blob: Blob): Promise<Picture | null> {
  try {
    (await createImageBitmap(blob)).close();
    return picture(blob);
  } catch {
    return null;
  }
}

/** Lets a picture's bytes go once another one has taken its place on the screen. */
function useRelease(shown: Picture | null): void {
  useEffect(() => () => void (shown && setTimeout(() => URL.revokeObjectURL(shown.url), 1000)), [shown]);
}

function words(error: unknown): string {
  if (error instanceof Refusal && error.passing) return `${error.message}. Change something, or wait a moment, to try again.`;
  return wordsOf(error);
}
