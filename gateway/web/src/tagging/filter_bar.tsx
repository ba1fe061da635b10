/** Which pictures are gone through. */

import { useEffect, useState } from "preact/hooks";
import { useStore } from "../common/store";
import { type Filter, isAll } from "./filter";
import type { Matches } from "./use_matches";
import type { Work } from "./work";

interface Props {
  work: Work;
  filter: Filter;
  matches: Matches;
  change(filter: Filter): void;
  close(): void;
  /** Reads the rows that fit anew: what was labelled meanwhile may fit no more. */
  again(): void;
}

const TYPING_MS = 300;

export function FilterBar({ work, filter, matches, change, close, again }: Props) {
  const dataset = useStore(work.dataset);
  const clips = [...new Set(work.frames.clips.map((clip) => clip.name).filter((name): name is string => Boolean(name)))];
  const state = filter.untagged === null ? "" : filter.untagged ? "untagged" : "tagged";
  return (
    <div class="tg-filters" role="search" aria-label="Filter">
      <Pick
        label="State"
        value={state}
        options={{ "": "Tagged or not", untagged: "Untagged", tagged: "Tagged" }}
        pick={(value) => change({ ...filter, untagged: value === "" ? null : value === "untagged" })}
      />
      <Pick
        label="With tag"
        value={filter.tag[0] ?? ""}
        options={{ "": "With …", ...Object.fromEntries(dataset.tags.map((tag) => [tag.code, `With ${tag.alias}`])) }}
        pick={(value) => change({ ...filter, tag: value ? [value] : [] })}
      />
      <Pick
        label="Without tag"
        value={filter.not_tag[0] ?? ""}
        options={{ "": "Without …", ...Object.fromEntries(dataset.tags.map((tag) => [tag.code, `Without ${tag.alias}`])) }}
        pick={(value) => change({ ...filter, not_tag: value ? [value] : [] })}
      />
      {clips.length > 1 && (
        <Pick
          label="Clip"
          value={filter.clip}
          options={{ "": "All clips", ...Object.fromEntries(clips.slice(0, 2000).map((clip) => [clip, clip])) }}
          pick={(clip) => change({ ...filter, clip })}
        />
      )}
      {dataset.cameras.length > 1 && (
        <Pick
          label="Camera"
          value={filter.camera}
          options={{ "": "All cameras", ...Object.fromEntries(dataset.cameras.map((camera) => [camera, camera])) }}
          pick={(camera) => change({ ...filter, camera })}
        />
      )}
      <Words q={filter.q} change={(q) => change({ ...filter, q })} />
      {!isAll(filter) && (
        <span class="quiet" role="status">
          {matches.loading ? "Reading … " : ""}
          {matches.rows?.length.toLocaleString()} pictures in {matches.sequence.count.toLocaleString()} frames
        </span>
      )}
      {!isAll(filter) && <button onClick={again}>Apply anew</button>}
      <button class="plain" onClick={close}>
        {isAll(filter) ? "Close" : "Show all"}
      </button>
    </div>
  );
}

function Pick({ label, value, options, pick }: { label: string; value: string; options: Record<string, string>; pick(value: string): void }) {
  // An object lists names that look like numbers first, and the empty one belongs at the top.
  const entries = Object.entries(options).sort(([a], [b]) => Number(a !== "") - Number(b !== ""));
  return (
    <select aria-label={label} value={value} onChange={(event) => pick(event.currentTarget.value)}>
      {entries.map(([name, words]) => (
        <option key={name} value={name}>
          {words}
        </option>
      ))}
    </select>
  );
}

function Words({ q, change }: { q: string; change(q: string): void }) {
  const [text, setText] = useState(q);
  useEffect(() => {
    if (text.trim() === q) return;
    const timer = setTimeout(() => change(text.trim()), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return <input type="search" placeholder="Part of the path" aria-label="Part of the path" value={text} onInput={(event) => setText(event.currentTarget.value)} />;
}
