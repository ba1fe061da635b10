/** A list that is loaded page after page, and again when something of it has changed. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { type Page, wordsOf } from "../common/http";
import { useShell } from "../common/shell";

export interface Pages<T> {
  items: readonly T[] | null;
  why: string;
  more: (() => void) | null;
  reload(): void;
}

export function usePages<T>(load: (cursor: string | null, signal: AbortSignal) => Promise<Page<T>>, topics: readonly string[]): Pages<T> {
  const { live } = useShell();
  const [items, setItems] = useState<readonly T[] | null>(null);
  const [cursor, setCursor] = useState<string | null>(null);
  const [why, setWhy] = useState("");
  const running = useRef(new AbortController());
  const held = useRef(0);
  held.current = items?.length ?? 0;
  const run = useCallback(async (from: string | null, atLeast: number) => {
    running.current.abort();
    const mine = (running.current = new AbortController());
    try {
      const found: T[] = [];
      let next = from;
      do {
        const page: Page<T> = await load(next, mine.signal);
        found.push(...page.items);
        next = page.next_cursor;
      } while (next !== null && found.length < atLeast);
      if (mine.signal.aborted) return;
      setItems((before) => (from === null ? found : [...(before ?? []), ...found]));
      setCursor(next);
      setWhy("");
    } catch (error) {
      if (!mine.signal.aborted) setWhy(wordsOf(error));
    }
  }, []);
  const reload = useCallback(() => void run(null, held.current), [run]);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    reload();
    const stop = live.follow(topics, {
      // Many at once are one change.
      event: () => (timer ??= setTimeout(() => ((timer = undefined), reload()), 300)),
      reset: reload,
    });
    return () => {
      stop();
      clearTimeout(timer);
      running.current.abort();
    };
  }, [live]);
  return { items, why, more: cursor === null ? null : () => void run(cursor, 0), reload };
}
