/** The rows that fit a filter, read page by page. What is labelled meanwhile stays in the list until it is read anew. */

import { useEffect, useState } from "preact/hooks";
import type { Page } from "../common/http";
import { useShell } from "../common/shell";
import { type Filter, isAll, parametersOf, queryOf } from "./filter";
import { Sequence } from "./frames";
import { DATASETS, type Row } from "./model";
import type { Work } from "./work";

export interface Matches {
  sequence: Sequence;
  /** The rows that fit, growing; null for all there are. */
  rows: readonly number[] | null;
  loading: boolean;
}

export function useMatches(work: Work, filter: Filter, turn: number): Matches {
  const { failed } = useShell();
  const total = work.frames.count;
  const [matches, setMatches] = useState<Matches>(() => whole(total, !isAll(filter)));
  const name = JSON.stringify(queryOf(filter));
  useEffect(() => {
    if (isAll(filter)) return setMatches(whole(total, false));
    const ending = new AbortController();
    const read = async () => {
      // The service knows of what was labelled here just now only when it has arrived; without a line it stays as it is.
      await work.outbox.flushed(work.id).catch(() => undefined);
      if (ending.signal.aborted) return;
      const rows: number[] = [];
      const frames: number[] = [];
      let cursor: string | null = null;
      do {
        const wanted = parametersOf(filter);
        wanted.set("limit", "1000");
        if (cursor) wanted.set("cursor", cursor);
        const mark = work.labels.mark();
        const page: Page<Row> = await work.http.get(`${DATASETS}/${work.id}/rows?${wanted}`, { signal: ending.signal });
        work.learn(page.items, mark);
        for (const row of page.items) {
          rows.push(row.index);
          const frame = work.frames.of(row.index);
          if (frames.at(-1) !== frame) frames.push(frame);
        }
        cursor = page.next_cursor;
        setMatches({ sequence: Sequence.of([...frames]), rows: [...rows], loading: cursor !== null });
      } while (cursor !== null);
    };
    setMatches({ sequence: Sequence.of([]), rows: [], loading: true });
    read().catch((error) => !ending.signal.aborted && failed(error));
    return () => ending.abort();
  }, [work, name, total, turn]);
  return matches;
}

function whole(count: number, loading: boolean): Matches {
  return { sequence: Sequence.whole(count), rows: null, loading };
}
