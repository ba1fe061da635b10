/** All tags in use, to show only what carries some of them. */

import { useEffect, useState } from "preact/hooks";
import { wordsOf } from "../common/http";
import { Menu } from "../common/menu";
import type { Api } from "./api";
import type { TagCount } from "./model";

const SHOWN = 100;

interface Props {
  api: Api;
  tags: readonly string[];
  choose(tags: string[]): void;
}

export function TagMenu(props: Props) {
  return (
    <Menu label="Filter by tags" face={<span class="im-face">Tags</span>} class="im-tag-menu">
      {() => <Tags {...props} />}
    </Menu>
  );
}

function Tags({ api, tags, choose }: Props) {
  const [known, setKnown] = useState<readonly TagCount[] | null>(null);
  const [why, setWhy] = useState("");
  const [words, setWords] = useState("");
  useEffect(() => {
    const mine = new AbortController();
    api.tags(mine.signal).then(setKnown, (error: unknown) => !mine.signal.aborted && setWhy(wordsOf(error)));
    return () => mine.abort();
  }, [api]);
  if (why) return <p class="wrong">{why}</p>;
  if (!known) return <p class="quiet">Loading …</p>;
  if (!known.length) return <p class="quiet">No tags yet. Select images and add one.</p>;
  const fitting = known.filter(({ tag }) => tag.toLowerCase().includes(words.trim().toLowerCase()));
  return (
    <>
      {known.length > 8 && (
        <input
          type="search"
          aria-label="Find a tag"
          placeholder="Find a tag"
          value={words}
          onInput={(event) => setWords(event.currentTarget.value)}
        />
      )}
      {fitting.slice(0, SHOWN).map(({ tag, images }) => (
        <label key={tag} class="item">
          <span class="row">
            <input
              type="checkbox"
              checked={tags.includes(tag)}
              onChange={(event) => choose(event.currentTarget.checked ? [...tags, tag] : tags.filter((one) => one !== tag))}
            />
            {tag}
          </span>
          <span class="quiet">{images}</span>
        </label>
      ))}
      {fitting.length > SHOWN && <p class="quiet">and {fitting.length - SHOWN} more: type a part of the name</p>}
      {!fitting.length && <p class="quiet">No tag fits.</p>}
    </>
  );
}
