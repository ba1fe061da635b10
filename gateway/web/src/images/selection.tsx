/** What can be done with all that is selected. */

import { useState } from "preact/hooks";
import { download } from "../common/download";
import { bytes, count } from "../common/format";
import { useShell } from "../common/shell";
import type { Api } from "./api";
import type { Collection } from "./collection";
import { TagInput } from "./tag_input";
import type { Work } from "./use_work";

interface Props {
  api: Api;
  collection: Collection;
  work: Work;
  names: string[];
  clear(): void;
  share(): void;
  remove(): void;
}

/** As many as an address may name. */
const TO_PROCESS = 100;

export function Selection({ api, collection, work, names, clear, share, remove }: Props) {
  const { services, session } = useShell();
  const mayWrite = session.scopes.includes("write");
  return (
    <section class="im-selection" aria-label="Selection">
      <strong role="status">{work.words ?? `${count(names.length, "image")} selected`}</strong>
      {work.words ? (
        <button onClick={work.stop}>Stop</button>
      ) : (
        <>
          {mayWrite && <Label api={api} collection={collection} work={work} names={names} />}
          <button onClick={() => void work.whole("Packing", (signal, tell) => zip(api, names, signal, tell))}>Download ZIP</button>
          {mayWrite && <button onClick={share}>Share</button>}
          {services.has("processing") && names.length <= TO_PROCESS && (
            <a class="button" href={`#/processing?${new URLSearchParams(names.map((name) => ["image", name]))}`}>
              Process
            </a>
          )}
          {mayWrite && (
            <button class="danger" onClick={remove}>
              Delete
            </button>
          )}
          <button class="plain" onClick={clear}>
            Clear
          </button>
        </>
      )}
    </section>
  );
}

function Label({ api, collection, work, names }: Pick<Props, "api" | "collection" | "work" | "names">) {
  const [tag, setTag] = useState("");
  const label = (doing: string, change: (name: string, tags: string[]) => Promise<unknown>) => async () => {
    const wanted = tag.trim();
    if (!wanted) return;
    await work.each(names, doing, (name) => change(name, [wanted]));
    setTag("");
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void label("Tagging", async (name, tags) => collection.changed(await api.addTags(name, tags)))();
      }}
    >
      <TagInput api={api} label="Tag for the selected images" placeholder="Tag" value={tag} change={setTag} />
      <button>Add tag</button>
      <button
        type="button"
        disabled={!tag.trim()}
        onClick={() => void label("Removing the tag", async (name, tags) => collection.changed(await api.removeTags(name, tags)))()}
      >
        Remove
      </button>
    </form>
  );
}

/** The whole goes into the browser's own store of blobs, which lies on disk where it is large. */
async function zip(api: Api, names: string[], signal: AbortSignal, tell: (words: string) => void): Promise<void> {
  const answer = await api.archive(names, signal);
  let taken = 0;
  const counting = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(piece, out) {
      taken += piece.byteLength;
      tell(`Packing, ${bytes(taken)}`);
      out.enqueue(piece);
    },
  });
  const blob = await new Response(answer.body!.pipeThrough(counting)).blob();
  if (!signal.aborted) download(blob, "images.zip");
}
