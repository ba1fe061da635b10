/** The curves of a picture's brightnesses. */

import { useEffect, useState } from "preact/hooks";
import { type Histogram, ceiling, outline, wordsOfHistogram } from "./histogram";
import type { Answered, Asked } from "./histogram_worker";

const HEIGHT = 64;
const asked = new Map<number, (found: Histogram | null) => void>();
let worker: Worker | null = null;
let next = 1;

function count(blob: Blob): Promise<Histogram | null> {
  if (!worker) {
    worker = new Worker(new URL("./histogram_worker.ts", import.meta.url), { type: "module" });
    worker.addEventListener("message", (message: MessageEvent<Answered>) => {
      asked.get(message.data.id)?.(message.data.found);
      asked.delete(message.data.id);
    });
  }
  const id = next++;
  worker.postMessage({ id, blob } satisfies Asked);
  return new Promise((resolve) => asked.set(id, resolve));
}

/** The old curves stay until the new ones are there. */
function useHistogram(blob: Blob | null): Histogram | null {
  const [found, setFound] = useState<Histogram | null>(null);
  useEffect(() => {
    if (!blob) return setFound(null);
    let shown = true;
    void count(blob).then((one) => shown && setFound(one));
    return () => {
      shown = false;
    };
  }, [blob]);
  return found;
}

export function HistogramView({ blob, title }: { blob: Blob | null; title: string }) {
  const of = useHistogram(blob);
  const top = of ? ceiling(of) : 1;
  return (
    <figure class="proc-histogram">
      <svg viewBox={`0 0 256 ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={`Histogram of the ${title.toLowerCase()}${of ? `: ${wordsOfHistogram(of)}` : ""}`}>
        {of && (
          <>
            <path class="grey" d={outline(of.grey, top, HEIGHT)} />
            <path class="red" d={outline(of.red, top, HEIGHT)} />
            <path class="green" d={outline(of.green, top, HEIGHT)} />
            <path class="blue" d={outline(of.blue, top, HEIGHT)} />
          </>
        )}
      </svg>
      <figcaption>
        <strong>{title}</strong> <span class="quiet">{of ? wordsOfHistogram(of) : "…"}</span>
      </figcaption>
    </figure>
  );
}
