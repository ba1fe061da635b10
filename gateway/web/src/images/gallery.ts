/** What the gallery holds, as plain data: a state, what can happen to it, and the state after it. */

import type { Page } from "../common/http";
import type { StackEvent } from "../common/live";
import type { Image, Query } from "./model";
import { EVERYTHING } from "./model";

export interface Gallery {
  query: Query;
  images: readonly Image[];
  /** Where the next page starts; null when all has been loaded, or nothing yet. */
  cursor: string | null;
  status: "loading" | "loaded" | "failed";
  selected: ReadonlySet<string>;
  /** The image that was selected last: a selection with shift reaches from there. */
  anchor: string | null;
}

export type Change =
  | { kind: "asked"; query: Query }
  | { kind: "asked_more" }
  | { kind: "page"; query: Query; page: Page<Image>; first: boolean }
  | { kind: "failed" }
  | { kind: "event"; event: StackEvent }
  | { kind: "image"; image: Image }
  | { kind: "gone"; name: string }
  | { kind: "renamed"; from: string; image: Image }
  | { kind: "toggle"; name: string }
  | { kind: "reach"; name: string }
  | { kind: "select_all" }
  | { kind: "clear" };

export const EMPTY: Gallery = {
  query: EVERYTHING,
  images: [],
  cursor: null,
  status: "loading",
  selected: new Set(),
  anchor: null,
};

export function after(gallery: Gallery, change: Change): Gallery {
  switch (change.kind) {
    case "asked":
      return { ...gallery, query: change.query, status: "loading" };
    case "asked_more":
      return { ...gallery, status: "loading" };
    case "failed":
      return { ...gallery, status: "failed" };
    case "page":
      return change.query === gallery.query ? withPage(gallery, change.page, change.first) : gallery;
    case "event":
      return withEvent(gallery, change.event);
    case "image":
      return withImage(gallery, change.image, false);
    case "renamed":
      return withImage(without(gallery, change.from), change.image, true);
    case "gone":
      return without(gallery, change.name);
    case "toggle":
      return toggled(gallery, change.name);
    case "reach":
      return reached(gallery, change.name);
    case "select_all":
      return { ...gallery, selected: new Set(gallery.images.map((image) => image.name)) };
    case "clear":
      return { ...gallery, selected: new Set(), anchor: null };
  }
}

function withPage(gallery: Gallery, page: Page<Image>, first: boolean): Gallery {
  const known = first ? [] : gallery.images;
  const names = new Set(known.map((image) => image.name));
  const images = [...known, ...page.items.filter((image) => !names.has(image.name))];
  const here = new Set(images.map((image) => image.name));
  const selected = new Set([...gallery.selected].filter((name) => here.has(name)));
  return { ...gallery, images, cursor: page.next_cursor, status: "loaded", selected };
}

function withEvent(gallery: Gallery, event: StackEvent): Gallery {
  const image = event.data as unknown as Image;
  switch (event.type) {
    case "imagestore.image.created":
    case "imagestore.image.restored":
      return withImage(gallery, image, true);
    case "imagestore.image.updated": {
      const former = event.data["earlier_name"];
      const rest = typeof former === "string" && former !== image.name ? without(gallery, former) : gallery;
      return withImage(rest, image, true);
    }
    case "imagestore.image.deleted":
      return without(gallery, image.name, image.updated_at);
    default:
      return gallery;
  }
}

/** The image as it is now, in its place of the order; a new one is taken in only where `add` says so. */
function withImage(gallery: Gallery, image: Image, add: boolean): Gallery {
  const known = gallery.images.find((one) => one.name === image.name);
  if (known && byTime(image.updated_at, known.updated_at) < 0) return gallery;
  if (!known && !add) return gallery;
  if (!matches(image, gallery.query)) return known ? without(gallery, image.name) : gallery;
  if (known && compare(image, known, gallery.query) === 0) {
    return { ...gallery, images: gallery.images.map((one) => (one === known ? image : one)) };
  }
  return placed(gallery, image);
}

/** Among equals the image store sorts by age, in the direction of the order: a new one is the youngest. */
function placed(gallery: Gallery, image: Image): Gallery {
  const down = gallery.query.sort.startsWith("-");
  const others = gallery.images.filter((one) => one.name !== image.name);
  const place = others.findIndex((one) => {
    const order = compare(image, one, gallery.query);
    return order < 0 || (order === 0 && down);
  });
  // Past the last one that was loaded it belongs to a page that comes later.
  if (place === -1) return { ...gallery, images: gallery.cursor === null ? [...others, image] : others };
  return { ...gallery, images: others.toSpliced(place, 0, image) };
}

function without(gallery: Gallery, name: string, asOf?: string): Gallery {
  const known = gallery.images.find((image) => image.name === name);
  if (!known || (asOf && byTime(asOf, known.updated_at) < 0)) return gallery;
  const selected = new Set(gallery.selected);
  selected.delete(name);
  return { ...gallery, images: gallery.images.filter((image) => image.name !== name), selected };
}

/** The image store's own rule: the words as they stand, in the name or in a tag. */
export function matches(image: Image, query: Query): boolean {
  if (query.tag && !image.tags.includes(query.tag)) return false;
  const words = query.q.trim().toLowerCase();
  return [image.name, ...image.tags].some((text) => text.toLowerCase().includes(words));
}

/** The image store's order by its key; 0 for equals. */
export function compare(a: Image, b: Image, query: Query): number {
  const order = ascending(a, b, query.sort.replace("-", ""));
  return query.sort.startsWith("-") ? -order : order;
}

function ascending(a: Image, b: Image, key: string): number {
  if (key === "size") return a.size - b.size;
  if (key === "name") return byText(a.name, b.name);
  if (key === "taken_at") return byTime(a.taken_at ?? a.created_at, b.taken_at ?? b.created_at);
  return byTime(a.created_at, b.created_at);
}

/** Times have microseconds, and Date keeps milliseconds: the rest is told by the text. */
function byTime(a: string, b: string): number {
  return Date.parse(a) - Date.parse(b) || byText(a, b);
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function toggled(gallery: Gallery, name: string): Gallery {
  const selected = new Set(gallery.selected);
  if (!selected.delete(name)) selected.add(name);
  return { ...gallery, selected, anchor: name };
}

function reached(gallery: Gallery, name: string): Gallery {
  const names = gallery.images.map((image) => image.name);
  const [from, to] = [names.indexOf(gallery.anchor ?? name), names.indexOf(name)];
  const span = names.slice(Math.max(0, Math.min(from, to)), Math.max(from, to) + 1);
  return { ...gallery, selected: new Set([...gallery.selected, ...span]), anchor: gallery.anchor ?? name };
}
