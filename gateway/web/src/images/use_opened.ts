/** The image that the address names: from the list where it is loaded, else from the image store. */

import { useEffect, useState } from "preact/hooks";
import { Refusal } from "../common/http";
import { useShell } from "../common/shell";
import type { Api } from "./api";
import type { Collection } from "./collection";
import type { Image } from "./model";

const AGAIN_MS = 1500;

export interface Opened {
  image: Image;
  /** Where it stands in the list; null where it does not fit the search, or that is not known yet. */
  place: number | null;
}

interface Found {
  name: string;
  image: Image | null;
  place: number | null;
}

/** `missing` once it is known that there is no such image. */
export function useOpened(api: Api, collection: Collection, name: string | null): { opened: Opened | null; missing: boolean } {
  const { failed } = useShell();
  const [found, setFound] = useState<Found | null>(null);
  const place = name === null ? -1 : collection.placeOf(name);
  const image = collection.at(place);
  const isAway = name !== null && !image && collection.status !== "loading";
  useEffect(() => {
    if (!isAway || name === null) return;
    const mine = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async () => {
      try {
        const [image, place] = await Promise.all([api.find(name, mine.signal), collection.find(name)]);
        if (!mine.signal.aborted) setFound({ name, image, place });
      } catch (error) {
        if (mine.signal.aborted) return;
        if (error instanceof Refusal && error.passing) timer = setTimeout(() => void look(), AGAIN_MS);
        else failed(error);
      }
    };
    void look();
    return () => {
      mine.abort();
      clearTimeout(timer);
    };
  }, [name, isAway]);
  if (image) return { opened: { image, place }, missing: false };
  const other = isAway && found?.name === name ? found : null;
  if (other?.image) return { opened: { image: other.image, place: other.place }, missing: false };
  return { opened: null, missing: other !== null };
}
