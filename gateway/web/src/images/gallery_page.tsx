/** The gallery: search, upload, select, open. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { count } from "../common/format";
import { type Route, go, replace } from "../common/router";
import { useShell } from "../common/shell";
import { addressOf, queryOf } from "./address";
import { Api } from "./api";
import { Grid } from "./grid";
import type { Query } from "./model";
import { Selection } from "./selection";
import { ShareDialog } from "./share_dialog";
import { Toolbar } from "./toolbar";
import { type Upload, Uploads } from "./upload";
import { UploadList } from "./upload_list";
import { useGallery } from "./use_gallery";
import { Viewer } from "./viewer";

// Uploads go on while another workbench is looked at.
let noted: (uploads: readonly Upload[]) => void = () => {};
let kept: readonly Upload[] = [];
const uploads = new Uploads((now) => {
  kept = now;
  noted(now);
});

export function GalleryPage({ route }: { route: Route }) {
  const { http, say, failed } = useShell();
  const api = useMemo(() => new Api(http), [http]);
  const { gallery, change, ask, more } = useGallery(api, queryOf(route));
  const [list, setList] = useState(kept);
  noted = setList;
  const open = route.path[1] ?? null;
  const opened = useRef(false);
  const setOpen = (name: string | null) => {
    if (name === null && opened.current) history.back();
    else if (open === null && name !== null) go(addressOf(gallery.query, name));
    else replace(addressOf(gallery.query, name));
    opened.current = name !== null && (opened.current || open === null);
  };
  const wanted = (query: Query) => {
    ask(query);
    replace(addressOf(query));
  };
  const asked = addressOf(queryOf(route));
  useEffect(() => {
    // The back button, or a link to another search.
    if (asked !== addressOf(gallery.query)) ask(queryOf(route));
  }, [asked]);
  const [sharing, setSharing] = useState<string[] | null>(null);
  const dropping = useDrop((files) => uploads.add(files));

  const remove = async (names: string[]) => {
    const gone: string[] = [];
    try {
      for (const name of names) {
        await api.remove(name);
        gone.push(name);
        change({ kind: "gone", name });
      }
    } catch (error) {
      failed(error);
    }
    if (!gone.length) return;
    const restore = () => gone.reduce((last, name) => last.then(() => api.restore(name)), Promise.resolve());
    say({
      text: `${gone.length === 1 ? gone[0] : count(gone.length, "image")} moved to the trash`,
      action: { label: "Undo", run: () => void restore().then(() => ask(gallery.query)).catch(failed) },
    });
  };
  const place = gallery.images.findIndex((image) => image.name === open);
  const shown = gallery.images[place];
  const step = (by: number) => setOpen(gallery.images[place + by]?.name ?? open);

  return (
    <div class={dropping ? "page dropping" : "page"}>
      <div inert={shown !== undefined}>
        <Toolbar query={gallery.query} ask={wanted} add={(files) => uploads.add(files)} />
        <Grid gallery={gallery} change={change} open={setOpen} remove={remove} more={more} retry={() => ask(gallery.query)} />
      {gallery.selected.size > 0 && (
        <Selection api={api} names={[...gallery.selected]} change={change} share={setSharing} remove={remove} failed={failed} />
      )}
      <UploadList uploads={list} clear={() => uploads.clear()} />
      </div>
      {shown && (
        <Viewer
          api={api}
          image={shown}
          hasPrevious={place > 0}
          hasNext={place < gallery.images.length - 1}
          step={step}
          close={() => setOpen(null)}
          change={change}
          renamed={setOpen}
          filter={(tag) => wanted({ ...gallery.query, tag })}
          share={() => setSharing([shown.name])}
          remove={() => {
            setOpen((gallery.images[place + 1] ?? gallery.images[place - 1])?.name ?? null);
            void remove([shown.name]);
          }}
          failed={failed}
        />
      )}
      {sharing && <ShareDialog api={api} names={sharing} close={() => setSharing(null)} />}
    </div>
  );
}

/** Takes files that are dropped anywhere on the page; true while some are held over it. */
function useDrop(add: (files: File[]) => void): boolean {
  const [over, setOver] = useState(false);
  const latest = useRef(add);
  latest.current = add;
  useEffect(() => {
    const end = new AbortController();
    const carries = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    const listen = (type: "dragover" | "dragleave" | "drop", handle: (event: DragEvent) => void) =>
      document.addEventListener(type, (event) => carries(event) && handle(event), { signal: end.signal });
    listen("dragover", (event) => {
      event.preventDefault();
      setOver(true);
    });
    listen("dragleave", (event) => event.relatedTarget === null && setOver(false));
    listen("drop", (event) => {
      event.preventDefault();
      setOver(false);
      latest.current([...(event.dataTransfer?.files ?? [])]);
    });
    return () => end.abort();
  }, []);
  return over;
}
