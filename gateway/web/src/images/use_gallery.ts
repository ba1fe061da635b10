/** Holds the gallery's state, loads its pages, and keeps it true to what happens. */

import { useCallback, useEffect, useReducer, useRef } from "preact/hooks";
import { useShell } from "../common/shell";
import type { Api } from "./api";
import type { Change, Gallery } from "./gallery";
import { EMPTY, after } from "./gallery";
import type { Query } from "./model";

export interface GalleryHold {
  gallery: Gallery;
  change(change: Change): void;
  ask(query: Query): void;
  more(): void;
}

export function useGallery(api: Api, query: Query): GalleryHold {
  const { live, failed } = useShell();
  const [gallery, change] = useReducer(after, { ...EMPTY, query });
  const now = useRef(gallery);
  now.current = gallery;
  const running = useRef<AbortController | null>(null);

  const load = useCallback(
    async (query: Query, cursor: string | null) => {
      running.current?.abort();
      const mine = new AbortController();
      running.current = mine;
      change(cursor ? { kind: "asked_more" } : { kind: "asked", query });
      try {
        const page = await api.images(query, cursor, mine.signal);
        change({ kind: "page", query, page, first: cursor === null });
      } catch (error) {
        if (mine.signal.aborted) return;
        change({ kind: "failed" });
        failed(error);
      }
    },
    [api, failed],
  );
  const ask = useCallback((query: Query) => void load(query, null), [load]);
  const more = useCallback(() => {
    const { query, cursor, status } = now.current;
    if (cursor !== null && status === "loaded") void load(query, cursor);
  }, [load]);

  useEffect(() => {
    ask(now.current.query);
    const stop = live.follow(["imagestore.image.*"], {
      event: (event) => change({ kind: "event", event }),
      reset: () => ask(now.current.query),
    });
    return () => {
      stop();
      running.current?.abort();
    };
  }, [live, ask]);

  return { gallery, change, ask, more };
}
