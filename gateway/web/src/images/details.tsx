/** What is known of an image, and what can be changed of it. */

import { useEffect, useRef, useState } from "preact/hooks";
import { copy } from "../common/download";
import { bytes, moment } from "../common/format";
import { wordsOf } from "../common/http";
import { useShell } from "../common/shell";
import { fullAddress } from "./api";
import type { ExifEntry, Image } from "./model";
import { TagInput } from "./tag_input";
import { Versions } from "./versions";
import type { ViewerProps } from "./viewer";

type Props = ViewerProps & { mayWrite: boolean };

export function Details(props: Props) {
  const { image } = props.opened;
  return (
    <>
      {props.mayWrite ? <Name key={image.name} {...props} /> : <h2 class="im-title">{image.name}</h2>}
      <Tags {...props} />
      <Facts image={image} />
      <Address image={image} />
      <Versions key={`versions of ${image.name}`} {...props} />
      <Exif key={`exif of ${image.digest}`} {...props} />
    </>
  );
}

function Name({ api, opened, changed }: Props) {
  const { failed } = useShell();
  const { image } = opened;
  const [name, setName] = useState(image.name);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (name === image.name) return;
    try {
      changed(await api.rename(image.name, name), image.name);
    } catch (error) {
      failed(error);
      setName(image.name);
    }
  };
  return (
    <form class="row" onSubmit={submit}>
      <input aria-label="Name" class="im-title" required value={name} onInput={(event) => setName(event.currentTarget.value)} />
      {name !== image.name && <button>Rename</button>}
    </form>
  );
}

function Facts({ image }: { image: Image }) {
  return (
    <List
      facts={[
        ["Dimensions", `${image.width} × ${image.height}`],
        ["Size", bytes(image.size)],
        ["Type", image.media_type],
        ["Taken", moment(image.taken_at)],
        ["Added", moment(image.created_at)],
        ["Changed", moment(image.updated_at)],
        ["Digest", image.digest],
      ]}
    />
  );
}

function List({ facts }: { facts: [string, string][] }) {
  return (
    <dl class="im-facts">
      {facts.map(([term, fact], place) => (
        <div key={`${term}${place}`}>
          <dt>{term}</dt>
          <dd>{fact}</dd>
        </div>
      ))}
    </dl>
  );
}

/** For whoever has a key; a share link is for those who have none. */
function Address({ image }: { image: Image }) {
  const { say } = useShell();
  const field = useRef<HTMLInputElement>(null);
  const url = fullAddress(image, location.origin);
  return (
    <div class="im-address">
      <input ref={field} readOnly aria-label="Address of this content" value={url} onFocus={(event) => event.currentTarget.select()} />
      <button onClick={() => void copy(url, field.current).then((done) => say(done ? "Address copied" : "Copy the address by hand"))}>Copy URL</button>
    </div>
  );
}

/** Read when somebody wants to see it. */
function Exif({ api, opened }: Props) {
  const [open, setOpen] = useState(false);
  const [entries, setEntries] = useState<readonly ExifEntry[] | null>(null);
  const [why, setWhy] = useState("");
  useEffect(() => {
    if (!open || entries) return;
    const mine = new AbortController();
    api.exif(opened.image, mine.signal).then(setEntries, (error: unknown) => !mine.signal.aborted && setWhy(wordsOf(error)));
    return () => mine.abort();
  }, [open]);
  const groups = [...new Set(entries?.map((entry) => entry.group))];
  return (
    <details class="im-fold" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>EXIF</summary>
      {why && <p class="wrong">{why}</p>}
      {!entries && !why && <p class="quiet">Loading …</p>}
      {entries?.length === 0 && <p class="quiet">The file holds none.</p>}
      {groups.map((group) => (
        <section key={group}>
          <h3>{group}</h3>
          <List facts={entries!.filter((entry) => entry.group === group).map((entry) => [entry.name, entry.value])} />
        </section>
      ))}
    </details>
  );
}

function Tags({ api, opened, changed, filter, mayWrite }: Props) {
  const { failed } = useShell();
  const { image } = opened;
  const [tag, setTag] = useState("");
  const apply = (work: Promise<Image>) => work.then((one) => changed(one), failed);
  return (
    <section aria-label="Tags" class="stack">
      {image.tags.length > 0 && (
        <ul class="im-tags">
          {image.tags.map((one) => (
            <li key={one}>
              <button class="im-tag" onClick={() => filter(one)} title={`Show all with ${one}`}>
                {one}
              </button>
              {mayWrite && (
                <button class="plain icon" aria-label={`Remove the tag ${one}`} onClick={() => void apply(api.removeTags(image.name, [one]))}>
                  ✕
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      {mayWrite && (
        <form
          class="im-add"
          onSubmit={(event) => {
            event.preventDefault();
            void apply(api.addTags(image.name, [tag.trim()]));
            setTag("");
          }}
        >
          <TagInput api={api} label="New tag" value={tag} change={setTag} />
          <button>Add</button>
        </form>
      )}
    </section>
  );
}
