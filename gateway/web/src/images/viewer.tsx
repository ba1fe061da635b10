/** One image, large, with what is known of it. */

import { useEffect, useRef, useState } from "preact/hooks";
import { type Api, contentPath, renditionPath } from "./api";
import { bytes, moment } from "../common/format";
import type { Change } from "./gallery";
import { focusTile } from "./grid";
import type { Image } from "./model";

interface Props {
  api: Api;
  image: Image;
  hasPrevious: boolean;
  hasNext: boolean;
  step(by: number): void;
  close(): void;
  change(change: Change): void;
  renamed(name: string): void;
  filter(tag: string): void;
  share(): void;
  remove(): void;
  failed(error: unknown): void;
}

const LARGE_EDGE = 1600;

export function Viewer(props: Props) {
  const { image, hasPrevious, hasNext, step, close, share, remove } = props;
  const shut = useRef<HTMLButtonElement>(null);
  const name = useRef(image.name);
  name.current = image.name;
  useEffect(() => {
    shut.current?.focus();
    // The page behind is inert until it has been drawn without the viewer.
    return () => requestAnimationFrame(() => focusTile(name.current));
  }, []);
  useEffect(() => {
    const keyed = (event: KeyboardEvent) => {
      const target = event.target instanceof Element ? event.target : document.body;
      if (target.closest("dialog")) return;
      if (event.key === "Escape") close();
      if (target.matches("input")) return;
      if (event.key === "ArrowLeft" && hasPrevious) step(-1);
      if (event.key === "ArrowRight" && hasNext) step(1);
    };
    document.addEventListener("keydown", keyed);
    return () => document.removeEventListener("keydown", keyed);
  });
  return (
    <div class="viewer" role="dialog" aria-modal="true" aria-label={image.name}>
      <figure>
        <a href={contentPath(image)} target="_blank" rel="noreferrer" title="Open the original">
          <img key={image.digest} src={renditionPath(image, LARGE_EDGE, "contain")} alt={image.name} />
        </a>
        <button class="step previous" aria-label="Previous image" disabled={!hasPrevious} onClick={() => step(-1)}>
          ‹
        </button>
        <button class="step next" aria-label="Next image" disabled={!hasNext} onClick={() => step(1)}>
          ›
        </button>
      </figure>
      <aside>
        <div class="row">
          <button class="plain" ref={shut} onClick={close}>
            ✕ Close
          </button>
        </div>
        <Name key={image.name} {...props} />
        <Facts image={image} />
        <Tags {...props} />
        <div class="row">
          <a class="button" href={contentPath(image)} download={image.name}>
            Download
          </a>
          <button onClick={share}>Share</button>
          <button class="danger" onClick={remove}>
            Delete
          </button>
        </div>
      </aside>
    </div>
  );
}

function Name({ api, image, change, renamed, failed }: Props) {
  const [name, setName] = useState(image.name);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (name === image.name) return;
    try {
      const changed = await api.rename(image.name, name);
      renamed(changed.name);
      change({ kind: "renamed", from: image.name, image: changed });
    } catch (error) {
      failed(error);
      setName(image.name);
    }
  };
  return (
    <form class="row" onSubmit={submit}>
      <input aria-label="Name" class="title" required value={name} onInput={(event) => setName(event.currentTarget.value)} />
      {name !== image.name && <button>Rename</button>}
    </form>
  );
}

function Facts({ image }: { image: Image }) {
  const facts: [string, string][] = [
    ["Dimensions", `${image.width} × ${image.height}`],
    ["Size", bytes(image.size)],
    ["Type", image.media_type],
    ["Taken", moment(image.taken_at)],
    ["Added", moment(image.created_at)],
    ["Version", String(image.version)],
    ["Digest", image.digest],
  ];
  return (
    <dl>
      {facts.map(([term, fact]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>{fact}</dd>
        </div>
      ))}
    </dl>
  );
}

function Tags({ api, image, change, filter, failed }: Props) {
  const [tag, setTag] = useState("");
  const apply = async (work: Promise<Image>) => {
    try {
      change({ kind: "image", image: await work });
    } catch (error) {
      failed(error);
    }
  };
  return (
    <section aria-label="Tags">
      <ul class="tags">
        {image.tags.map((one) => (
          <li key={one}>
            <button class="tag" onClick={() => filter(one)} title={`Show all with ${one}`}>
              {one}
            </button>
            <button class="plain" aria-label={`Remove the tag ${one}`} onClick={() => void apply(api.removeTags(image.name, [one]))}>
              ✕
            </button>
          </li>
        ))}
      </ul>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          void apply(api.addTags(image.name, [tag.trim()]));
          setTag("");
        }}
      >
        <input
          aria-label="New tag"
          placeholder="New tag"
          required
          maxLength={100}
          value={tag}
          onInput={(event) => setTag(event.currentTarget.value)}
        />
        <button>Add</button>
      </form>
    </section>
  );
}
