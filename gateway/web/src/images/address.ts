/** What the gallery shows, in the page's address. */

import { type Route, address } from "../common/router";
import { EVERYTHING, type Query, SORTS, type Sort } from "./model";

export type View = "gallery" | "trash" | "links";

export function viewOf(route: Route): View {
  const view = route.query.get("view");
  return view === "trash" || view === "links" ? view : "gallery";
}

export function queryOf(route: Route): Query {
  const sort = route.query.get("sort") ?? "";
  return {
    q: route.query.get("q") ?? "",
    tags: [...new Set(route.query.getAll("tag").filter(Boolean))],
    sort: Object.hasOwn(SORTS, sort) ? (sort as Sort) : EVERYTHING.sort,
  };
}

/** `name` is the image that is shown large. */
export function addressOf(query: Query, name: string | null = null): string {
  const sort = query.sort === EVERYTHING.sort ? "" : query.sort;
  const place = address(name === null ? ["images"] : ["images", name], { q: query.q, sort });
  const tags = query.tags.map((tag) => `tag=${encodeURIComponent(tag)}`).join("&");
  return tags ? `${place}${place.includes("?") ? "&" : "?"}${tags}` : place;
}

export function addressOfView(view: View): string {
  return address(["images"], { view: view === "gallery" ? "" : view });
}
