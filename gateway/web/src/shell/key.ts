/** The key in the address: used once, and not left where it could be seen, kept or passed on. */

export interface Place {
  readonly hash: string;
  readonly pathname: string;
  readonly search: string;
}

/** The key of `#key=...`, which is removed from the address bar and from the browser's history. */
export function takeKey(place: Place, replace: (address: string) => void): string | null {
  const key = new URLSearchParams(place.hash.slice(1)).get("key");
  if (key === null) return null;
  replace(place.pathname + place.search);
  return key;
}
