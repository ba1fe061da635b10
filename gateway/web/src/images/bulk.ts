/** The same for many images: a few at a time, again where a refusal passes, and never silent about what failed. */

import { Refusal, wordsOf } from "../common/http";

export interface Outcome {
  done: string[];
  failed: { name: string; why: string }[];
}

const AT_ONCE = 4;
const ATTEMPTS = 5;

export async function forEach(
  names: readonly string[],
  work: (name: string) => Promise<unknown>,
  progress: (ended: number) => void,
  signal: AbortSignal,
  wait: (ms: number) => Promise<void> = (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
): Promise<Outcome> {
  const outcome: Outcome = { done: [], failed: [] };
  let next = 0;
  const one = async (name: string) => {
    for (let attempt = 1; ; attempt++) {
      try {
        await work(name);
        outcome.done.push(name);
        return;
      } catch (error) {
        const passing = error instanceof Refusal && error.passing && error.status !== 507;
        if (!passing || attempt === ATTEMPTS || signal.aborted) {
          outcome.failed.push({ name, why: wordsOf(error) });
          return;
        }
        await wait(Math.max((error as Refusal).retryAfter * 1000, 250 * 2 ** attempt));
      }
    }
  };
  const line = async () => {
    while (next < names.length && !signal.aborted) {
      await one(names[next++]!);
      progress(outcome.done.length + outcome.failed.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, line));
  return outcome;
}
