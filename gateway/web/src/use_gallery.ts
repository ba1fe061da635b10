/** Holds the gallery's state, loads its pages, and keeps it true to what happens. */

import { useCallback, useEffect, useReducer, useRef, useState } from "preact/hooks";
import type { Api } from "./api";
import { Refusal } from "./api";
import type { Change, Gallery } from "./gallery";
import { EMPTY, after } from "./gallery";
import type { LiveState, Socket } from "./live";
import { Live, socketAddress } from "./live";
import type { Query } from "./model";

export interface GalleryHold {
  gallery: Gallery;
  live: LiveState;
  change(change: Change): void;
  ask(query: Query): void;
  more(): void;
}

export function useGallery(api: Api, failed: (error: unknown) => void): GalleryHold {
  const [gallery, change] = useReducer(after, EMPTY);
  const [live, setLive] = useState<LiveState>("connecting");
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
    const live = new Live(
      {
        event: (event) => change({ kind: "event", event }),
        reset: () => ask(now.current.query),
        state: (state) => {
          setLive(state);
          // A socket that is refused says nothing of why: a call does, when the session has ended.
          if (state === "away") void api.images(now.current.query, null).catch((error) => unless_unreachable(error, failed));
        },
      },
      () => new WebSocket(socketAddress(location)) as unknown as Socket,
    );
    live.start();
    ask(now.current.query);
    return () => live.stop();
  }, [api, ask, failed]);

  return { gallery, live, change, ask, more };
}

function unless_unreachable(error: unknown, failed: (error: unknown) => void): void {
  if (error instanceof Refusal && error.status === 401) failed(error);
}
