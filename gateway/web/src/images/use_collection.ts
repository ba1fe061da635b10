/** Holds the collection of a search, and keeps it true to what happens. */

import { useEffect, useMemo } from "preact/hooks";
import type { StackEvent } from "../common/live";
import { useShell } from "../common/shell";
import { useStore } from "../common/store";
import type { Api } from "./api";
import { Collection } from "./collection";
import type { Query } from "./model";

export function useCollection(api: Api, query: Query, told: (event: StackEvent) => void): Collection {
  const { live } = useShell();
  const collection = useMemo(() => new Collection(api), [api]);
  useStore(collection.version);
  useEffect(() => {
    void collection.ask(query);
    const stop = live.follow(["imagestore.image.*"], {
      event: (event) => {
        collection.apply(event);
        told(event);
      },
      // When the stream first stands, what was asked for a moment ago is still on its way.
      reset: () => (collection.status === "failed" ? void collection.refresh() : collection.soon()),
    });
    return () => {
      stop();
      collection.stop();
    };
  }, [live, collection]);
  return collection;
}
