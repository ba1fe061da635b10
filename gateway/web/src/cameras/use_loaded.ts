/** What a call answers, called again when asked to; an older answer never replaces a newer one. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";

export interface Loaded<T> {
  value: T | null;
  error: unknown;
  reload(): void;
}

export function useLoaded<T>(load: (signal: AbortSignal) => Promise<T>, on: readonly unknown[]): Loaded<T> {
  const [value, setValue] = useState<T | null>(null);
  const [error, setError] = useState<unknown>(null);
  const running = useRef<AbortController | null>(null);
  const reload = useCallback(() => {
    running.current?.abort();
    const mine = new AbortController();
    running.current = mine;
    load(mine.signal).then(
      (found) => {
        if (mine.signal.aborted) return;
        setValue(found);
        setError(null);
      },
      (why: unknown) => {
        if (!mine.signal.aborted) setError(why);
      },
    );
  }, on);
  useEffect(() => {
    setValue(null);
    reload();
    return () => running.current?.abort();
  }, [reload]);
  return { value, error, reload };
}
