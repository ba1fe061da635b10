import { useEffect, useRef, useState } from "preact/hooks";
import type { LiveState } from "./live";
import { type Query, SORTS, type Sort } from "./model";

interface Props {
  query: Query;
  live: LiveState;
  ask(query: Query): void;
  add(files: File[]): void;
  leave(): void;
}

const STATES: Record<LiveState, string> = {
  connecting: "Connecting …",
  live: "Live: changes show at once",
  away: "Not connected; trying again",
};
const TYPING_MS = 200;

export function Header({ query, live, ask, add, leave }: Props) {
  const files = useRef<HTMLInputElement>(null);
  return (
    <header class="bar">
      <h1>
        <img src="/icon.svg" alt="" width="28" height="28" /> Darkroom
      </h1>
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
      <nav>
        <span class={`dot ${live}`} role="status" title={STATES[live]}>
          <span class="unseen">{STATES[live]}</span>
        </span>
        <a href="/docs">API</a>
        <button class="plain" onClick={leave}>
          Sign out
        </button>
      </nav>
    </header>
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
  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLElement && event.target.closest("input, select, dialog");
      if (event.key !== "/" || typing) return;
      event.preventDefault();
      field.current?.focus();
    };
    document.addEventListener("keydown", focus);
    return () => document.removeEventListener("keydown", focus);
  }, []);
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
