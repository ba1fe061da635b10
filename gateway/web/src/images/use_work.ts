/** Work on many images: how far it is, and a way to stop it. */

import { useRef, useState } from "preact/hooks";
import { count } from "../common/format";
import { useShell } from "../common/shell";
import { type Outcome, forEach } from "./bulk";

export interface Work {
  /** What is being done, in words; null when nothing is. */
  words: string | null;
  /** The names that went through. */
  each(names: readonly string[], doing: string, work: (name: string) => Promise<unknown>): Promise<string[]>;
  /** One long piece of work, which tells how it goes by `tell`. */
  whole(doing: string, work: (signal: AbortSignal, tell: (words: string) => void) => Promise<void>): Promise<void>;
  stop(): void;
}

export function useWork(): Work {
  const { say, failed } = useShell();
  const [words, setWords] = useState<string | null>(null);
  const running = useRef(new AbortController());
  const tellFailed = ({ failed: refused }: Outcome) => {
    const [first] = refused;
    if (first) say({ text: `${count(refused.length, "image")} not: ${first.name}: ${first.why}`, kind: "wrong" });
  };
  return {
    words,
    async each(names, doing, work) {
      running.current = new AbortController();
      setWords(doing);
      const outcome = await forEach(names, work, (ended) => setWords(`${doing} ${ended} of ${names.length}`), running.current.signal);
      setWords(null);
      tellFailed(outcome);
      return outcome.done;
    },
    async whole(doing, work) {
      running.current = new AbortController();
      const { signal } = running.current;
      setWords(doing);
      try {
        await work(signal, (text) => setWords(text));
      } catch (error) {
        if (!signal.aborted) failed(error);
      }
      setWords(null);
    },
    stop: () => running.current.abort(),
  };
}
