/** The gallery: search, upload, select, open. */

import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Api } from "./api";
import { Refusal } from "./api";
import { count } from "./format";
import { Grid } from "./grid";
import { Header } from "./header";
import { Selection } from "./selection";
import { ShareDialog } from "./share_dialog";
import { type Upload, Uploads } from "./upload";
import { UploadList } from "./upload_list";
import { useGallery } from "./use_gallery";
import { Viewer } from "./viewer";

interface Props {
  api: Api;
  leave(why?: string): void;
}

interface Note {
  text: string;
  undo?: () => void;
}

const NOTE_MS = 8000;

export function GalleryPage({ api, leave }: Props) {
  const [note, setNote] = useState<Note | null>(null);
  const failed = useCallback(
    (error: unknown) => {
      if (error instanceof Refusal && error.status === 401) leave("Your session has ended; sign in again.");
      else setNote({ text: error instanceof Error ? error.message : String(error) });
    },
    [leave],
  );
  const { gallery, live, change, ask, more } = useGallery(api, failed);
  const [list, setList] = useState<readonly Upload[]>([]);
  const uploads = useMemo(() => new Uploads(setList), []);
  const [open, setOpen] = useState<string | null>(null);
  const [sharing, setSharing] = useState<string[] | null>(null);
  const dropping = useDrop((files) => uploads.add(files));
  useEffect(() => {
    const timer = setTimeout(() => setNote(null), NOTE_MS);
    return () => clearTimeout(timer);
  }, [note]);

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
    setNote({
      text: `${gone.length === 1 ? gone[0] : count(gone.length, "image")} moved to the trash`,
      undo: () => void restore().then(() => ask(gallery.query)).catch(failed),
    });
  };
  const place = gallery.images.findIndex((image) => image.name === open);
  const shown = gallery.images[place];
  const step = (by: number) => setOpen(gallery.images[place + by]?.name ?? open);

  return (
    <div class={dropping ? "page dropping" : "page"}>
      <div inert={shown !== undefined}>
        <Header
        query={gallery.query}
        live={live}
        ask={ask}
        add={(files) => uploads.add(files)}
        leave={() => void api.signOut().then(() => leave()).catch(failed)}
      />
      <main>
        <Grid gallery={gallery} change={change} open={setOpen} remove={remove} more={more} retry={() => ask(gallery.query)} />
      </main>
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
          filter={(tag) => {
            setOpen(null);
            ask({ ...gallery.query, tag });
          }}
          share={() => setSharing([shown.name])}
          remove={() => {
            setOpen((gallery.images[place + 1] ?? gallery.images[place - 1])?.name ?? null);
            void remove([shown.name]);
          }}
          failed={failed}
        />
      )}
      {sharing && <ShareDialog api={api} names={sharing} close={() => setSharing(null)} />}
      <div class="note" role="status">
        {note && (
          <p>
            {note.text}
            {note.undo && (
              <button
                onClick={() => {
                  note.undo?.();
                  setNote(null);
                }}
              >
                Undo
              </button>
            )}
          </p>
        )}
      </div>
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
