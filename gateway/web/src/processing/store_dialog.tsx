/** Images of the image store: searched, chosen, taken. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { Dialog } from "../common/dialog";
import { count } from "../common/format";
import { type Page, wordsOf } from "../common/http";
import { useShell } from "../common/shell";
import { VirtualGrid } from "../common/virtual_grid";

export interface StoreImage {
  name: string;
  size: number;
  digest: string;
}

const PAGE = 100;
const TYPING_MS = 200;

interface Props {
  take(images: StoreImage[]): void;
  close(): void;
}

export function StoreDialog({ take, close }: Props) {
  const [words, setWords] = useState("");
  const [chosen, setChosen] = useState<ReadonlyMap<string, StoreImage>>(new Map());
  const { images, why, more, whole } = useFound(words);
  const toggle = (image: StoreImage) =>
    setChosen((now) => {
      const next = new Map(now);
      if (!next.delete(image.name)) next.set(image.name, image);
      return next;
    });
  const found = images ?? [];
  const all = found.length > 0 && found.every((one) => chosen.has(one.name));
  return (
    <Dialog title="From the image store" close={close} wide>
      <div class="stack">
        <input type="search" aria-label="Search names and tags" placeholder="Search names and tags" value={words} onInput={(event) => setWords(event.currentTarget.value)} />
        {why && (
          <p role="alert" class="wrong">
            {why}
          </p>
        )}
        <div class="proc-store-box">
          <VirtualGrid
            count={found.length}
            label="Images found"
            least={120}
            gap={8}
            extra={24}
            busy={images === null}
            seen={(_, last) => last >= found.length && more()}
            tile={(place, props) => {
              const one = found[place];
              return one && <Tile image={one} chosen={chosen.has(one.name)} toggle={() => toggle(one)} props={props} />;
            }}
          />
          {images?.length === 0 && <p class="centre quiet">{words ? "No image fits." : "The image store is empty."}</p>}
        </div>
        <div class="row">
          <button class="primary" disabled={!chosen.size} onClick={() => take([...chosen.values()])}>
            {chosen.size ? `Add ${count(chosen.size, "image")}` : "Add"}
          </button>
          <button
            disabled={!found.length}
            onClick={() => setChosen((now) => new Map(all ? [...now].filter(([name]) => !found.some((one) => one.name === name)) : [...now, ...found.map((one) => [one.name, one] as const)]))}
          >
            {all ? "Choose none" : whole ? "Choose all" : `Choose the first ${found.length}`}
          </button>
        </div>
      </div>
    </Dialog>
  );
}

function Tile({ image, chosen, toggle, props }: { image: StoreImage; chosen: boolean; toggle(): void; props: object }) {
  const path = `/api/imagestore/v1/images/${encodeURIComponent(image.name)}/rendition?width=320&height=320&fit=cover&digest=${image.digest.replace("sha256:", "")}`;
  return (
    <button {...props} class="proc-store-tile" aria-pressed={chosen} onClick={toggle} title={image.name}>
      <img src={path} alt="" loading="lazy" decoding="async" draggable={false} />
      <span class="proc-name">{image.name}</span>
    </button>
  );
}

/** Pages of what fits the words; `more` asks for the next one. */
function useFound(words: string) {
  const { http } = useShell();
  const [images, setImages] = useState<StoreImage[] | null>(null);
  const [cursor, setCursor] = useState<string | null>(null);
  const [why, setWhy] = useState("");
  const asking = useRef<AbortController | null>(null);
  const path = `/api/imagestore/v1/images?limit=${PAGE}&sort=-created_at&q=${encodeURIComponent(words.trim())}`;
  const load = useCallback(
    async (from: string | null) => {
      const mine = new AbortController();
      asking.current?.abort();
      asking.current = mine;
      try {
        const page = await http.get<Page<StoreImage>>(path + (from ? `&cursor=${encodeURIComponent(from)}` : ""), { signal: mine.signal });
        setImages((now) => (from ? [...(now ?? []), ...page.items] : page.items));
        setCursor(page.next_cursor);
        setWhy("");
      } catch (error) {
        if (!mine.signal.aborted) setWhy(wordsOf(error));
      } finally {
        if (asking.current === mine) asking.current = null;
      }
    },
    [http, path],
  );
  useEffect(() => {
    const timer = setTimeout(() => void load(null), images === null ? 0 : TYPING_MS);
    return () => clearTimeout(timer);
  }, [load]);
  useEffect(() => () => asking.current?.abort(), []);
  const more = () => {
    if (cursor !== null && !asking.current) void load(cursor);
  };
  return { images, why, more, whole: cursor === null };
}
