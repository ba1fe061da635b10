/** The image store's calls. */

import { Http, type Page, Refusal } from "../common/http";
import type { Image, Link, Query, TrashedImage } from "./model";

const IMAGES = "/api/imagestore/v1/images";
export const PAGE = 60;

export class Api {
  constructor(private readonly http: Http = new Http()) {}

  async images(query: Query, cursor: string | null, signal?: AbortSignal): Promise<Page<Image>> {
    return this.http.get(listPath(query, cursor), { signal });
  }

  async addTags(name: string, tags: string[]): Promise<Image> {
    return this.http.json("PATCH", imagePath(name), { add_tags: tags });
  }

  async removeTags(name: string, tags: string[]): Promise<Image> {
    return this.http.json("PATCH", imagePath(name), { remove_tags: tags });
  }

  async rename(name: string, to: string): Promise<Image> {
    return this.http.json("PATCH", imagePath(name), { name: to });
  }

  async remove(name: string): Promise<void> {
    await this.http.call("DELETE", imagePath(name));
  }

  /** Brings back the image of that name that was deleted last. */
  async restore(name: string): Promise<void> {
    const trash = await this.http.get<Page<TrashedImage>>("/api/imagestore/v1/trash?limit=200");
    const found = trash.items.find((image) => image.name === name);
    if (!found) throw new Refusal(404, "not_found", `${name} is not in the trash`);
    await this.http.call("POST", `/api/imagestore/v1/trash/${found.id}/restore`, {});
  }

  /** Shares images for some days; a password may be asked for. */
  async share(names: string[], days: number, password: string, now = Date.now()): Promise<Link> {
    const expires_at = new Date(now + days * 86_400_000).toISOString();
    return this.http.json("POST", "/api/imagestore/v1/links", { names, expires_at, password: password || null });
  }

  async archive(names: string[]): Promise<Blob> {
    return (await this.http.call("POST", "/api/imagestore/v1/archives", { names })).blob();
  }
}

export function listPath(query: Query, cursor: string | null): string {
  const wanted = new URLSearchParams({ limit: String(PAGE), sort: query.sort });
  if (query.q) wanted.set("q", query.q);
  if (query.tag) wanted.set("tag", query.tag);
  if (cursor) wanted.set("cursor", cursor);
  return `${IMAGES}?${wanted}`;
}

export function imagePath(name: string): string {
  return `${IMAGES}/${encodeURIComponent(name)}`;
}

/** The digest is in the address: a new content of the name is another address, and both may be kept for ever. */
export function contentPath(image: Image): string {
  return `${imagePath(image.name)}/content?digest=${hex(image)}`;
}

/** A smaller picture, in the format that this browser likes best. */
export function renditionPath(image: Image, edge: number, fit: "cover" | "contain"): string {
  return `${imagePath(image.name)}/rendition?width=${edge}&height=${edge}&fit=${fit}&digest=${hex(image)}`;
}

function hex(image: Image): string {
  return image.digest.replace("sha256:", "");
}
