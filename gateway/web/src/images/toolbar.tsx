import { useEffect, useRef, useState } from "preact/hooks";
import { useKeys } from "../common/keys";
import { Menu } from "../common/menu";
import { useShell } from "../common/shell";
import { addressOfView } from "./address";
import type { Api } from "./api";
import { type Given, given } from "./files";
import { type Query, SORTS, type Sort } from "./model";
import { TagMenu } from "./tag_menu";

interface Props {
  api: Api;
  query: Query;
  ask(query: Query): void;
  take(given: Given): void;
}

const TYPING_MS = 200;

export function Toolbar({ api, query, ask, take }: Props) {
  const { session } = useShell();
  return (
    <div class="toolbar">
      <Search query={query} ask={ask} />
      <TagMenu api={api} tags={query.tags} choose={(tags) => ask({ ...query, tags })} />
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
      <nav class="im-places" aria-label="Trash and links">
        <a class="button plain" href={addressOfView("links")}>
          Links
        </a>
        <a class="button plain" href={addressOfView("trash")}>
          Trash
        </a>
      </nav>
      {session.scopes.includes("write") && <Choose take={take} />}
    </div>
  );
}

/** Files, or a whole folder. */
function Choose({ take }: Pick<Props, "take">) {
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const chosen = (event: { currentTarget: HTMLInputElement }) => {
    take(given([...(event.currentTarget.files ?? [])]));
    event.currentTarget.value = "";
  };
  useKeys([{ keys: ["u"], title: "Upload", group: "Images", run: () => files.current?.click() }]);
  return (
    <div class="im-choose">
      <input ref={files} type="file" multiple accept="image/*,.tif,.tiff,.avif" hidden onChange={chosen} />
      <input
        ref={(input) => {
          folder.current = input;
          input?.setAttribute("webkitdirectory", "");
        }}
        type="file"
        multiple
        hidden
        onChange={chosen}
      />
      <button class="primary" onClick={() => files.current?.click()}>
        Upload
      </button>
      <Menu label="Other ways to upload" face="▾" class="to-left">
        {(close) => (
          <>
            <button
              class="item"
              onClick={() => {
                close();
                folder.current?.click();
              }}
            >
              Upload a folder
            </button>
            <p class="quiet">Or drop files and folders anywhere on this page, or paste a picture.</p>
          </>
        )}
      </Menu>
    </div>
  );
}

function Search({ query, ask }: Pick<Props, "query" | "ask">) {
  const field = useRef<HTMLInputElement>(null);
  const [words, setWords] = useState(query.q);
  const asked = useRef(query.q);
  const now = useRef({ query, ask });
  now.current = { query, ask };
  if (asked.current !== query.q) {
    // The back button, or a link: the field follows.
    asked.current = query.q;
    if (words.trim() !== query.q) setWords(query.q);
  }
  useEffect(() => {
    const typed = words.trim();
    if (typed === query.q) return;
    const timer = setTimeout(() => now.current.ask({ ...now.current.query, q: typed }), TYPING_MS);
    return () => clearTimeout(timer);
  }, [words]);
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
      {query.tags.map((tag) => (
        <button
          key={tag}
          class="im-tag"
          aria-label={`Show all, not only ${tag}`}
          onClick={() => ask({ ...query, tags: query.tags.filter((one) => one !== tag) })}
        >
          {tag} ✕
        </button>
      ))}
    </search>
  );
}
