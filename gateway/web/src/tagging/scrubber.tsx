/** Where one is among the frames, and the ways to others. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { FramePlace, Sequence } from "./frames";
import type { Dataset } from "./model";

interface Props {
  place: FramePlace;
  sequence: Sequence;
  total: number;
  dataset: Dataset;
  go(frame: number): void;
  untagged(): void;
  /** The field that `jump` focuses is found by this id. */
  fieldId: string;
}

export function Scrubber({ place, sequence, total, dataset, go, untagged, fieldId }: Props) {
  const at = sequence.place(place.frame);
  const { tagged, total: rows } = dataset.progress;
  const done = rows ? tagged / rows : 0;
  return (
    <div class="tg-scrubber">
      <button class="icon" aria-label="Previous frame" disabled={sequence.step(place.frame, -1) === place.frame} onClick={() => go(sequence.step(place.frame, -1))}>
        ‹
      </button>
      <input
        type="range"
        class="grow"
        aria-label="Frame"
        aria-valuetext={`Frame ${place.frame + 1} of ${total}`}
        min={0}
        max={Math.max(0, sequence.count - 1)}
        value={Math.max(0, at)}
        onInput={(event) => go(sequence.at(Number(event.currentTarget.value)) ?? place.frame)}
      />
      <button class="icon" aria-label="Next frame" disabled={sequence.step(place.frame, 1) === place.frame} onClick={() => go(sequence.step(place.frame, 1))}>
        ›
      </button>
      <Jump id={fieldId} frame={place.frame} total={total} go={go} />
      {sequence.chosen && (
        <span class="quiet">
          match {Math.max(0, at) + 1} of {sequence.count.toLocaleString()}
        </span>
      )}
      {place.clip.name && <span class="quiet tg-clip" title="Clip">{/^\d+$/.test(place.clip.name) ? `clip ${place.clip.name}` : place.clip.name}</span>}
      <button onClick={untagged}>Next untagged</button>
      <span class="tg-progress" title={`${tagged.toLocaleString()} of ${rows.toLocaleString()} rows carry a tag`}>
        <progress value={done} aria-label={`${tagged} of ${rows} rows carry a tag`} />
        <span class="quiet">{percent(tagged, rows)}</span>
      </span>
    </div>
  );
}

/** Never 100 % before the last one is done, never 0 % after the first. */
export function percent(part: number, whole: number): string {
  if (!whole || !part) return "0 %";
  if (part === whole) return "100 %";
  return `${Math.max(1, Math.min(99, Math.round((100 * part) / whole)))} %`;
}

function Jump({ id, frame, total, go }: { id: string; frame: number; total: number; go(frame: number): void }) {
  const [text, setText] = useState(String(frame + 1));
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => setText(String(frame + 1)), [frame]);
  const jump = () => {
    const wanted = Number(text);
    if (Number.isInteger(wanted) && wanted >= 1 && wanted <= total) go(wanted - 1);
    else setText(String(frame + 1));
  };
  return (
    <form
      class="tg-jump"
      onSubmit={(event) => {
        event.preventDefault();
        jump();
        field.current?.blur();
      }}
    >
      <input
        id={id}
        ref={field}
        inputMode="numeric"
        aria-label={`Frame, of ${total}: jump to`}
        value={text}
        size={Math.max(3, String(total).length)}
        onInput={(event) => setText(event.currentTarget.value)}
        onFocus={(event) => event.currentTarget.select()}
        onBlur={jump}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          setText(String(frame + 1));
          requestAnimationFrame(() => field.current?.blur());
        }}
      />
      <span class="quiet">of {total.toLocaleString()}</span>
    </form>
  );
}
