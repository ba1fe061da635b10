/** Addresses of the page: `#/tagging/3?row=12`. The part after `#` stays in the browser: no server logs it. */

import { Store, useStore } from "./store";

export interface Route {
  /** The parts between slashes, decoded: ["tagging", "3"]. */
  path: readonly string[];
  query: URLSearchParams;
}

export type Query = Record<string, string | number | undefined | null>;

export function parse(hash: string): Route {
  const [path = "", query = ""] = hash.startsWith("#/") ? split(hash.slice(2)) : [];
  return { path: path.split("/").filter(Boolean).map(decode), query: new URLSearchParams(query) };
}

/** The address of a place; members of the query that are empty are left out. */
export function address(path: readonly (string | number)[], query: Query = {}): string {
  const wanted = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") wanted.set(name, String(value));
  }
  const text = wanted.toString();
  return `#/${path.map((part) => encodeURIComponent(part)).join("/")}${text && `?${text}`}`;
}

function split(text: string): [string, string] {
  const mark = text.indexOf("?");
  return mark < 0 ? [text, ""] : [text.slice(0, mark), text.slice(mark + 1)];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const current = new Store<Route>(parse(globalThis.location?.hash ?? ""));
globalThis.addEventListener?.("hashchange", () => current.set(parse(location.hash)));

/** Goes somewhere; the back button comes back. */
export function go(to: string): void {
  location.hash = to;
  // The event of it comes later, and until then the page would be in two places.
  current.set(parse(location.hash));
}

/** Changes the address of the place that is shown: the back button skips what was before. Browsers refuse more than
 * some ten of these a second, so what follows a fast hand waits for it to rest. */
export function replace(to: string): void {
  history.replaceState(null, "", to);
  current.set(parse(to));
}

export function useRoute(): Route {
  return useStore(current);
}
