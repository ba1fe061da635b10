/** The pictures. One of them is in the tab order; the arrow keys move among them. */

import { useEffect, useRef, useState } from "preact/hooks";
import { renditionPath } from "./api";
import { bytes } from "../common/format";
import type { Change, Gallery } from "./gallery";
import type { Image } from "./model";

interface Props {
  gallery: Gallery;
  change(change: Change): void;
  open(name: string): void;
  remove(names: string[]): Promise<void>;
  more(): void;
  retry(): void;
}

export function Grid({ gallery, change, open, remove, more, retry }: Props) {
  const list = useRef<HTMLUListElement>(null);
  const [current, setCurrent] = useState(0);
  const { images, selected } = gallery;
  const tabbable = Math.min(current, images.length - 1);
  const focus = (place: number) => {
    const to = Math.max(0, Math.min(images.length - 1, place));
    setCurrent(to);
    list.current?.querySelectorAll<HTMLElement>(".open")[to]?.focus();
  };
  const keyed = (event: KeyboardEvent, image: Image, place: number) => {
    const step = steps(list.current)[event.key];
    if (step !== undefined) focus(place + step);
    else if (event.key === "Home") focus(0);
    else if (event.key === "End") focus(images.length - 1);
    else if (event.key === " ") change({ kind: event.shiftKey ? "reach" : "toggle", name: image.name });
    else if (event.key === "a" && (event.ctrlKey || event.metaKey)) change({ kind: "select_all" });
    else if (event.key === "Escape") change({ kind: "clear" });
    else if (event.key === "Delete") void remove(selected.size ? [...selected] : [image.name]);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <Hint gallery={gallery} retry={retry} />
      <ul class="grid" ref={list} aria-label="Images" aria-busy={gallery.status === "loading"}>
        {images.map((image, place) => (
          <Tile
            key={image.name}
            image={image}
            selected={selected.has(image.name)}
            tabbable={place === tabbable}
            focused={() => setCurrent(place)}
            open={() => open(image.name)}
            toggle={(reach) => change({ kind: reach ? "reach" : "toggle", name: image.name })}
            keyed={(event) => keyed(event, image, place)}
          />
        ))}
      </ul>
      <More cursor={gallery.cursor} more={more} />
    </>
  );
}

interface TileProps {
  image: Image;
  selected: boolean;
  tabbable: boolean;
  focused(): void;
  open(): void;
  toggle(reach: boolean): void;
  keyed(event: KeyboardEvent): void;
}

function Tile({ image, selected, tabbable, focused, open, toggle, keyed }: TileProps) {
  const about = `${image.name}, ${image.width} × ${image.height}, ${bytes(image.size)}`;
  return (
    <li class={selected ? "tile selected" : "tile"}>
      <button
        class="open"
        data-name={image.name}
        aria-label={selected ? `${about}, selected` : about}
        tabIndex={tabbable ? 0 : -1}
        onFocus={focused}
        onKeyDown={keyed}
        onClick={(event) => (event.shiftKey || event.ctrlKey || event.metaKey ? toggle(event.shiftKey) : open())}
      >
        <img
          key={image.digest}
          src={renditionPath(image, 320, "cover")}
          alt=""
          loading="lazy"
          decoding="async"
          width="320"
          height="320"
          draggable={false}
          onError={(event) => event.currentTarget.classList.add("broken")}
        />
      </button>
      <input
        type="checkbox"
        aria-label={`Select ${image.name}`}
        tabIndex={-1}
        checked={selected}
        onClick={(event) => toggle(event.shiftKey)}
      />
      <p class="name" title={image.name}>
        {image.name}
      </p>
    </li>
  );
}

function Hint({ gallery, retry }: Pick<Props, "gallery" | "retry">) {
  if (gallery.status === "failed" && !gallery.images.length)
    return (
      <p class="centre">
        The images could not be loaded. <button onClick={retry}>Try again</button>
      </p>
    );
  if (gallery.images.length || gallery.status === "loading") return null;
  const filtered = gallery.query.q || gallery.query.tag;
  return <p class="centre">{filtered ? "No image fits." : "No images yet. Drop some anywhere on this page, or press Upload."}</p>;
}

/** Loads the next page before its end is seen; a button too, for those who do not scroll. */
function More({ cursor, more }: { cursor: string | null; more(): void }) {
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!end.current || cursor === null) return;
    const watch = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && more(), {
      rootMargin: "800px",
    });
    watch.observe(end.current);
    return () => watch.disconnect();
  }, [cursor, more]);
  return (
    <div ref={end} class="centre">
      {cursor !== null && <button onClick={more}>More</button>}
    </div>
  );
}

/** Puts the keyboard back on an image: the one that was last seen large. */
export function focusTile(name: string): void {
  document.querySelector<HTMLElement>(`.tile [data-name="${CSS.escape(name)}"]`)?.focus();
}

/** How far each arrow key goes: a row has as many pictures as the window is wide. */
function steps(list: HTMLElement | null): Record<string, number> {
  const columns = list ? getComputedStyle(list).gridTemplateColumns.split(" ").length : 1;
  return { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
}
