/** How results are wanted, and the button that begins. */

import { useRef, useState } from "preact/hooks";
import { count } from "../common/format";
import { Refusal } from "../common/http";
import { useKeys } from "../common/keys";
import { go } from "../common/router";
import { useShell } from "../common/shell";
import { useStore } from "../common/store";
import { type Draft, changedBy, draft } from "./draft";
import { FORMATS, type Format } from "./model";
import { hindrance, newKey, submit } from "./submit";

export function SubmitBar() {
  const { http, failed, say, services } = useShell();
  const now = useStore(draft);
  const [sent, setSent] = useState<number | null>(null);
  const end = useRef<AbortController | null>(null);
  const change = (part: Partial<Draft>) => draft.update((one) => changedBy(one, part));
  const missing = hindrance(now);
  const begin = async () => {
    if (missing) return say(missing);
    if (end.current) return;
    if (!now.key) change({ key: newKey() });
    end.current = new AbortController();
    setSent(0);
    try {
      const job = await submit(http, draft.get(), setSent, end.current.signal);
      draft.update((one) => changedBy(one, { sources: [], own: {}, shown: null, alone: false }));
      go(`#/processing/jobs/${job.id}`);
    } catch (error) {
      if (!end.current.signal.aborted) failed(error);
      // The server knows the key with other images: those must be another job.
      if (error instanceof Refusal && error.code === "idempotency_key_reused") change({ key: "" });
    } finally {
      end.current = null;
      setSent(null);
    }
  };
  // Also with a field or a button of the pipeline in the hand.
  const keyed = () => document.querySelector("dialog[open]") ?? void begin();
  useKeys([{ keys: ["ctrl+enter"], title: "Process all images", group: "Processing", always: true, run: keyed }]);
  const label = now.sources.length ? `Process ${count(now.sources.length, "image")}` : "Process";
  return (
    <div class="proc-submit">
      <label>
        <span class="unseen">Format of the results</span>
        <select value={now.format} onChange={(event) => change({ format: event.currentTarget.value as Format | "" })}>
          <option value="">Format as it came</option>
          {Object.entries(FORMATS).map(([format, words]) => (
            <option key={format} value={format}>
              {words}
            </option>
          ))}
        </select>
      </label>
      {now.format !== "png" && (
        <label>
          <span class="unseen">Quality</span>
          <select value={now.quality ?? ""} onChange={(event) => change({ quality: Number(event.currentTarget.value) || null })}>
            <option value="">Quality 95</option>
            {[90, 80, 60, 40].map((quality) => (
              <option key={quality} value={quality}>
                Quality {quality}
              </option>
            ))}
          </select>
        </label>
      )}
      {services.has("imagestore") && (
        <label class="row">
          <input type="checkbox" checked={now.store} onChange={(event) => change({ store: event.currentTarget.checked })} /> Store results
        </label>
      )}
      {sent === null ? (
        <button class="primary" aria-disabled={missing !== ""} title={missing || "Process ( Ctrl Enter )"} onClick={() => void begin()}>
          {label}
        </button>
      ) : (
        <>
          <progress aria-label="Sending the images" max={1} value={sent} />
          <button onClick={() => end.current?.abort()}>Stop</button>
        </>
      )}
    </div>
  );
}
