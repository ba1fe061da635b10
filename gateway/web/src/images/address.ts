/** What the gallery shows, in the page's address. */

import { type Route, address } from "../common/router";
import { EVERYTHING, type Query, SORTS, type Sort } from "./model";

export function queryOf(route: Route): Query {
  const sort = route.query.get("sort") ?? "";
  return {
    q: route.query.get("q") ?? "",
    tag: route.query.get("tag") ?? "",
    sort: sort in SORTS ? (sort as Sort) : EVERYTHING.sort,
  };
}

/** `name` is the image that is shown large. */
export function addressOf(query: Query, name: string | null = null): string {
  const sort = query.sort === EVERYTHING.sort ? "" : query.sort;
  return address(name === null ? ["images"] : ["images", name], { q: query.q, tag: query.tag, sort });
}
