import { useEffect, useRef, useState } from "preact/hooks";
import { useKeys } from "../common/keys";
import { type Query, SORTS, type Sort } from "./model";

interface Props {
  query: Query;
  ask(query: Query): void;
  add(files: File[]): void;
}

const TYPING_MS = 200;

export function Toolbar({ query, ask, add }: Props) {
  const files = useRef<HTMLInputElement>(null);
  return (
    <div class="toolbar">
      <Search query={query} ask={ask} />
      <label class="field">
        <span class="unseen">Order</span>
        <select value={query.sort} onChange={(event) => ask({ ...query, sort: event.currentTarget.value as Sort })}>
          {Object.entries(SORTS).map(([sort, words]) => (
            <option key={sort} value={sort}>
              {words}
            </option>
          ))}
        </select>
      </label>
      <input
        ref={files}
        type="file"
        multiple
        accept="image/*"
        hidden
        onChange={(event) => {
          add([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = "";
        }}
      />
      <button class="primary" onClick={() => files.current?.click()}>
        Upload
      </button>
    </div>
  );
}

function Search({ query, ask }: Pick<Props, "query" | "ask">) {
  const field = useRef<HTMLInputElement>(null);
  const [words, setWords] = useState(query.q);
  useEffect(() => {
    const typed = words.trim();
    if (typed === query.q) return;
    const timer = setTimeout(() => ask({ ...query, q: typed }), TYPING_MS);
    return () => clearTimeout(timer);
  }, [words, query, ask]);
  useKeys([{ keys: ["/"], title: "Search", group: "Images", run: () => field.current?.focus() }]);
  return (
    <search class="search">
      <input
        ref={field}
        type="search"
        aria-label="Search names and tags"
        placeholder="Search names and tags ( / )"
        value={words}
        onInput={(event) => setWords(event.currentTarget.value)}
      />
      {query.tag && (
        <button class="tag" aria-label={`Show all, not only ${query.tag}`} onClick={() => ask({ ...query, tag: "" })}>
          {query.tag} ✕
        </button>
      )}
    </search>
  );
}
