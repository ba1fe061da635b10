/** What a call answers, called again when asked to. Many wishes at once, such as events, make one more call: a call that is
 * under way is let finish, for where each wish broke the last one off nothing would ever arrive. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";

/** Calls one after the other, at most one ahead. */
export class Loader<T> {
  private readonly over = new AbortController();
  private running = false;
  private again = false;

  constructor(
    private readonly load: (signal: AbortSignal) => Promise<T>,
    private readonly found: (value: T) => void,
    private readonly failed: (why: unknown) => void,
  ) {}

  wish(): void {
    if (this.running) this.again = true;
    else void this.run();
  }

  /** Nothing is told any more. */
  end(): void {
    this.over.abort();
  }

  private async run(): Promise<void> {
    this.running = true;
    do {
      this.again = false;
      try {
        const value = await this.load(this.over.signal);
        if (!this.over.signal.aborted) this.found(value);
      } catch (why) {
        if (!this.over.signal.aborted) this.failed(why);
      }
    } while (this.again && !this.over.signal.aborted);
    this.running = false;
  }
}

export interface Loaded<T> {
  value: T | null;
  error: unknown;
  reload(): void;
}

export function useLoaded<T>(load: (signal: AbortSignal) => Promise<T>, on: readonly unknown[]): Loaded<T> {
  const [value, setValue] = useState<T | null>(null);
  const [error, setError] = useState<unknown>(null);
  const loader = useRef<Loader<T> | null>(null);
  const reload = useCallback(() => loader.current?.wish(), []);
  useEffect(() => {
    setValue(null);
    setError(null);
    const mine = new Loader(load, (found) => (setValue(found), setError(null)), setError);
    loader.current = mine;
    mine.wish();
    return () => mine.end();
  }, on);
  return { value, error, reload };
}
