/** The images of the job to be, and the ways to add some. */

import { useRef, useState } from "preact/hooks";
import { bytes, count } from "../common/format";
import { useKeys } from "../common/keys";
import { useShell } from "../common/shell";
import { useStore } from "../common/store";
import { VirtualGrid } from "../common/virtual_grid";
import { type Draft, type Source, changedBy, draft, fromFile, fromStore, show, withSources, without } from "./draft";
import { copyOf } from "./pictures";
import { StoreDialog } from "./store_dialog";
import { Thumb } from "./thumb";

export function ImagesPanel() {
  const now = useStore(draft);
  const { say } = useShell();
  const step = (by: number) => {
    const at = now.sources.findIndex((one) => one.id === now.shown);
    const to = now.sources[Math.max(0, Math.min(now.sources.length - 1, at + by))];
    if (to) draft.update((one) => show(one, to.id));
  };
  const undoable = (text: string, change: (before: Draft) => Draft) => {
    const before = draft.get();
    draft.set(change(before));
    say({ text, action: { label: "Undo", run: () => draft.update((one) => changedBy(one, { sources: before.sources, own: before.own, shown: before.shown })) } });
  };
  useKeys([
    { keys: ["["], title: "The image before", group: "Processing", run: () => step(-1) },
    { keys: ["]"], title: "The next image", group: "Processing", run: () => step(1) },
  ]);
  return (
    <section class="proc-images" aria-label="Images">
      <div class="proc-images-head">
        <h2>{count(now.sources.length, "image")}</h2>
        <button class="plain" onClick={() => undoable(`${count(now.sources.length, "image")} taken out`, (one) => changedBy(one, { sources: [], own: {}, shown: null, alone: false }))}>
          Clear
        </button>
      </div>
      <div class="row proc-adding">
        <AddImages />
      </div>
      <div class="proc-images-list">
        <VirtualGrid
          count={now.sources.length}
          label="Images to process"
          least={190}
          gap={4}
          ratio={0}
          extra={58}
          start={Math.max(0, now.sources.findIndex((one) => one.id === now.shown))}
          tile={(place, props) => {
            const one = now.sources[place];
            return one && <Row source={one} shown={one.id === now.shown} own={one.id in now.own} props={props} remove={() => undoable(`${one.name} taken out`, (before) => without(before, one.id))} />;
          }}
          keyed={(event, place) => {
            const one = now.sources[place];
            if (!one || event.key !== "Delete") return;
            event.preventDefault();
            undoable(`${one.name} taken out`, (before) => without(before, one.id));
          }}
        />
      </div>
    </section>
  );
}

interface RowProps {
  source: Source;
  shown: boolean;
  own: boolean;
  props: { tabIndex: 0 | -1; "data-item": number; onFocus(): void };
  remove(): void;
}

function Row({ source, shown, own, props, remove }: RowProps) {
  return (
    <div class={shown ? "proc-image shown" : "proc-image"}>
      <button {...props} class="plain" aria-pressed={shown} onClick={() => draft.update((one) => show(one, source.id))}>
        <Thumb id={`small:${source.key}`} load={() => copyOf(source, 320)} kind="square" />
        <span class="proc-image-words">
          <span class="proc-name">{source.name}</span>
          <span class="quiet">
            {source.file ? bytes(source.size) : "image store"}
            {own && " · own steps"}
          </span>
        </span>
      </button>
      <button class="plain icon" tabIndex={-1} aria-label={`Take ${source.name} out`} onClick={remove}>
        ✕
      </button>
    </div>
  );
}

export function AddImages() {
  const { services } = useShell();
  const [choosing, setChoosing] = useState(false);
  const files = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={files}
        type="file"
        multiple
        accept="image/*,.tif,.tiff,.avif"
        hidden
        onChange={(event) => {
          const chosen = [...(event.currentTarget.files ?? [])];
          if (chosen.length) draft.update((now) => withSources(now, chosen.map(fromFile)));
          event.currentTarget.value = "";
        }}
      />
      <button class={draft.get().sources.length ? "" : "primary"} onClick={() => files.current?.click()}>
        Choose files
      </button>
      {services.has("imagestore") && <button onClick={() => setChoosing(true)}>From the image store</button>}
      {choosing && (
        <StoreDialog
          close={() => setChoosing(false)}
          take={(images) => {
            setChoosing(false);
            draft.update((now) => withSources(now, images.map(fromStore)));
          }}
        />
      )}
    </>
  );
}
