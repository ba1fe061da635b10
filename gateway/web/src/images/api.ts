/** The image store's calls. */

import { Http, type Page, Refusal } from "../common/http";
import type { ExifEntry, Image, ImageVersion, Landmarks, Link, Query, TagCount, TrashedImage } from "./model";

const STORE = "/api/imagestore/v1";
const IMAGES = `${STORE}/images`;
/** Images of a page; landmarks are as far apart. */
export const EVERY = 100;

export class Api {
  constructor(private readonly http: Http = new Http()) {}

  async images(query: Query, cursor: string | null, signal?: AbortSignal, limit = EVERY): Promise<Page<Image>> {
    const page = await this.http.get<Page<Image>>(listPath(query, cursor, limit), { signal });
    return { ...page, items: page.items.map(lean) };
  }

  landmarks(query: Query, at: string | null, signal?: AbortSignal): Promise<Landmarks> {
    const wanted = searchOf(query);
    wanted.set("every", String(EVERY));
    if (at !== null) wanted.set("at", at);
    return this.http.get(`${STORE}/landmarks?${wanted}`, { signal });
  }

  /** The image of that name, or null: asked for in a way that is no error where there is none. */
  async find(name: string, signal?: AbortSignal): Promise<Image | null> {
    const wanted = new URLSearchParams({ prefix: name, sort: "name", limit: "1" });
    const [first] = (await this.http.get<Page<Image>>(`${IMAGES}?${wanted}`, { signal })).items;
    return first?.name === name ? lean(first) : null;
  }

  async tags(signal?: AbortSignal): Promise<TagCount[]> {
    return (await this.http.get<Page<TagCount>>(`${STORE}/tags`, { signal })).items;
  }

  addTags(name: string, tags: string[]): Promise<Image> {
    return this.http.json("PATCH", imagePath(name), { add_tags: tags });
  }

  removeTags(name: string, tags: string[]): Promise<Image> {
    return this.http.json("PATCH", imagePath(name), { remove_tags: tags });
  }

  rename(name: string, to: string): Promise<Image> {
    return this.http.json("PATCH", imagePath(name), { name: to });
  }

  async exif(image: Image, signal?: AbortSignal): Promise<ExifEntry[]> {
    return (await this.http.get<Page<ExifEntry>>(`${imagePath(image.name)}/exif?digest=${hex(image)}`, { signal })).items;
  }

  async versions(name: string, signal?: AbortSignal): Promise<ImageVersion[]> {
    return (await this.http.get<Page<ImageVersion>>(`${imagePath(name)}/versions`, { signal })).items;
  }

  /** Stores an earlier content again: it becomes the newest version, and none is lost. */
  async storeAgain(name: string, version: ImageVersion): Promise<Image> {
    const content = await (await this.http.call("GET", contentPath({ name, digest: version.digest }))).blob();
    return this.http.json("PUT", imagePath(name), content);
  }

  async remove(name: string): Promise<void> {
    await this.http.call("DELETE", imagePath(name));
  }

  trash(cursor: string | null, signal?: AbortSignal): Promise<Page<TrashedImage>> {
    const wanted = new URLSearchParams({ limit: String(EVERY) });
    if (cursor) wanted.set("cursor", cursor);
    return this.http.get(`${STORE}/trash?${wanted}`, { signal });
  }

  /** Brings back the image of that name that was deleted last. */
  async restore(name: string): Promise<void> {
    const wanted = new URLSearchParams({ name, limit: "1" });
    const [found] = (await this.http.get<Page<TrashedImage>>(`${STORE}/trash?${wanted}`)).items;
    if (!found) throw new Refusal(404, "not_found", `${name} is not in the trash`);
    await this.restoreTrashed(found.id);
  }

  /** Under its old name, unless another is given. */
  restoreTrashed(id: number, name?: string): Promise<Image> {
    return this.http.json("POST", `${STORE}/trash/${id}/restore`, name === undefined ? {} : { name });
  }

  async purge(id: number): Promise<void> {
    await this.http.call("DELETE", `${STORE}/trash/${id}`);
  }

  async emptyTrash(): Promise<number> {
    return (await this.http.json<{ purged: number }>("DELETE", `${STORE}/trash`)).purged;
  }

  /** Shares images for some days; a password may be asked for. */
  share(names: string[], title: string, days: number, password: string, now = Date.now()): Promise<Link> {
    const expires_at = new Date(now + days * 86_400_000).toISOString();
    return this.http.json("POST", `${STORE}/links`, { names, title, expires_at, password: password || null });
  }

  links(cursor: string | null, signal?: AbortSignal): Promise<Page<Link>> {
    return this.http.get(`${STORE}/links?limit=50${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`, { signal });
  }

  async revoke(id: number): Promise<void> {
    await this.http.call("DELETE", `${STORE}/links/${id}`);
  }

  /** The answer of a ZIP on its way. */
  archive(names: string[], signal?: AbortSignal): Promise<Response> {
    return this.http.call("POST", `${STORE}/archives`, { names }, { signal });
  }
}

function searchOf(query: Query): URLSearchParams {
  const wanted = new URLSearchParams({ sort: query.sort });
  if (query.q) wanted.set("q", query.q);
  for (const tag of query.tags) wanted.append("tag", tag);
  return wanted;
}

export function listPath(query: Query, cursor: string | null, limit: number): string {
  const wanted = searchOf(query);
  wanted.set("limit", String(limit));
  if (cursor) wanted.set("cursor", cursor);
  return `${IMAGES}?${wanted}`;
}

/** Without what can be told from the rest: a hundred thousand of these may be held. */
function lean(image: Image): Image {
  const { name, size, digest, media_type, width, height, taken_at, created_at, updated_at, version, tags } = image;
  return { name, size, digest, media_type, width, height, taken_at, created_at, updated_at, version, tags };
}

export function imagePath(name: string): string {
  return `${IMAGES}/${encodeURIComponent(name)}`;
}

/** The digest is in the address: a new content of the name is another address, and both may be kept for ever. */
export function contentPath(image: Pick<Image, "name" | "digest">): string {
  return `${imagePath(image.name)}/content?digest=${hex(image)}`;
}

/** A smaller picture. The formats are those that are made fastest: JPEG, and WebP for what may be transparent. */
export function renditionPath(
  image: Pick<Image, "name" | "digest" | "media_type">,
  edge: number,
  fit: "cover" | "contain",
): string {
  return `${imagePath(image.name)}/rendition?${sizeOf(image, edge, fit)}&digest=${hex(image)}`;
}

export function trashedPath(image: TrashedImage, edge: number): string {
  return `${STORE}/trash/${image.id}/rendition?${sizeOf(image, edge, "cover")}`;
}

function sizeOf(image: Pick<Image, "media_type">, edge: number, fit: "cover" | "contain"): string {
  const format = image.media_type === "image/jpeg" ? "jpeg" : "webp";
  return `width=${edge}&height=${edge}&fit=${fit}&format=${format}`;
}

/** The image itself as an address that can be passed on to whoever has a key. */
export function fullAddress(image: Image, origin: string): string {
  return `${origin}${contentPath(image)}`;
}

function hex(image: Pick<Image, "digest">): string {
  return image.digest.replace("sha256:", "");
}
