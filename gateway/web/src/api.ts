/** The calls of the page, over fetch. Every refusal becomes a Refusal with the server's own words. */

import type { Image, Link, Page, Problem, Query, TrashedImage } from "./model";

const IMAGES = "/api/imagestore/v1/images";
export const PAGE = 60;

/** The server said no, or could not be reached (status 0). */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export type Fetch = (input: string, init?: RequestInit) => Promise<Response>;

export class Api {
  constructor(private readonly fetch: Fetch = (input, init) => globalThis.fetch(input, init)) {}

  /** Trades a key for the session cookie. */
  async signIn(key: string): Promise<void> {
    await this.call("POST", "/v1/session", { key });
  }

  async signOut(): Promise<void> {
    await this.call("DELETE", "/v1/session");
  }

  async images(query: Query, cursor: string | null, signal?: AbortSignal): Promise<Page<Image>> {
    return this.json("GET", listPath(query, cursor), undefined, signal);
  }

  async addTags(name: string, tags: string[]): Promise<Image> {
    return this.json("PATCH", imagePath(name), { add_tags: tags });
  }

  async removeTags(name: string, tags: string[]): Promise<Image> {
    return this.json("PATCH", imagePath(name), { remove_tags: tags });
  }

  async rename(name: string, to: string): Promise<Image> {
    return this.json("PATCH", imagePath(name), { name: to });
  }

  async remove(name: string): Promise<void> {
    await this.call("DELETE", imagePath(name));
  }

  /** Brings back the image of that name that was deleted last. */
  async restore(name: string): Promise<void> {
    const trash = await this.json<Page<TrashedImage>>("GET", "/api/imagestore/v1/trash?limit=200");
    const found = trash.items.find((image) => image.name === name);
    if (!found) throw new Refusal(404, "not_found", `${name} is not in the trash`);
    await this.call("POST", `/api/imagestore/v1/trash/${found.id}/restore`, {});
  }

  /** Shares images for some days; a password may be asked for. */
  async share(names: string[], days: number, password: string, now = Date.now()): Promise<Link> {
    const expires_at = new Date(now + days * 86_400_000).toISOString();
    return this.json("POST", "/api/imagestore/v1/links", { names, expires_at, password: password || null });
  }

  async archive(names: string[]): Promise<Blob> {
    return (await this.call("POST", "/api/imagestore/v1/archives", { names })).blob();
  }

  private async json<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
    return (await this.call(method, path, body, signal)).json() as Promise<T>;
  }

  private async call(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
    const init: RequestInit = { method, headers: { Accept: "application/json" } };
    if (signal) init.signal = signal;
    if (body !== undefined) {
      init.headers = { ...init.headers, "Content-Type": "application/json" };
      init.body = JSON.stringify(body);
    }
    let answer: Response;
    try {
      answer = await this.fetch(path, init);
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new Refusal(0, "unreachable", "Darkroom cannot be reached");
    }
    if (!answer.ok) throw await refusal(answer);
    return answer;
  }
}

/** The words of a problem+json answer, or of one that is none. */
export async function refusal(answer: Response): Promise<Refusal> {
  return toRefusal(answer.status, await answer.text());
}

export function toRefusal(status: number, body: string): Refusal {
  try {
    const problem = JSON.parse(body) as Partial<Problem>;
    return new Refusal(status, problem.code ?? "unknown", problem.detail || problem.title || `Answer ${status}`);
  } catch {
    return new Refusal(status, "unknown", `Answer ${status}`);
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
