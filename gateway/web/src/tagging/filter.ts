/** Which rows are gone through: as the service's filter has it, and as it stands in the page's address. Pure. */

export interface Filter {
  tag: string[];
  not_tag: string[];
  untagged: boolean | null;
  clip: string;
  camera: string;
  q: string;
}

export const ALL: Filter = { tag: [], not_tag: [], untagged: null, clip: "", camera: "", q: "" };

export function isAll(filter: Filter): boolean {
  return JSON.stringify(filter) === JSON.stringify(ALL);
}

/** From the address. */
export function filterOf(query: URLSearchParams): Filter {
  const untagged = query.get("untagged");
  return {
    tag: list(query.get("tag")),
    not_tag: list(query.get("not_tag")),
    untagged: untagged === null ? null : untagged === "true",
    clip: query.get("clip") ?? "",
    camera: query.get("camera") ?? "",
    q: query.get("q") ?? "",
  };
}

/** For the address; what is empty is left out. */
export function queryOf(filter: Filter): Record<string, string> {
  return {
    tag: filter.tag.join(","),
    not_tag: filter.not_tag.join(","),
    untagged: filter.untagged === null ? "" : String(filter.untagged),
    clip: filter.clip,
    camera: filter.camera,
    q: filter.q,
  };
}

/** For `GET /rows`. */
export function parametersOf(filter: Filter): URLSearchParams {
  const wanted = new URLSearchParams();
  for (const code of filter.tag) wanted.append("tag", code);
  for (const code of filter.not_tag) wanted.append("not_tag", code);
  if (filter.untagged !== null) wanted.set("untagged", String(filter.untagged));
  if (filter.clip) wanted.set("clip", filter.clip);
  if (filter.camera) wanted.set("camera", filter.camera);
  if (filter.q) wanted.set("q", filter.q);
  return wanted;
}

/** In words, for a person: "with rain, untagged". */
export function wordsOf(filter: Filter, alias: (code: string) => string): string {
  const words = [
    ...filter.tag.map((code) => `with ${alias(code)}`),
    ...filter.not_tag.map((code) => `without ${alias(code)}`),
  ];
  if (filter.untagged !== null) words.push(filter.untagged ? "untagged" : "tagged");
  if (filter.clip) words.push(`clip ${filter.clip}`);
  if (filter.camera) words.push(`camera ${filter.camera}`);
  if (filter.q) words.push(`path has “${filter.q}”`);
  return words.join(", ");
}

function list(text: string | null): string[] {
  return text ? text.split(",").filter(Boolean) : [];
}
