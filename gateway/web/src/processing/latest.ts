/** Only the newest request counts. Older ones that take long are broken off; quick ones may still show on the way. */

export type Work<T> = (signal: AbortSignal) => Promise<T>;

export interface Outcome<T> {
  done(value: T): void;
  failed(error: unknown): void;
  /** Whether something is under way. */
  busy(is: boolean): void;
}

/** A request younger than this is let be when a newer one comes: its answer is nearly there, and a hand that moves
 * a slider sees something move. Where answers take longer, longer: the server works on what was broken off, too. */
const GRACE_MS = 250;
const MOST_GRACE_MS = 1000;

export class Latest<T> {
  private running: { end: AbortController; since: number } | null = null;
  private waiting: Work<T> | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private took = 0;

  constructor(private readonly outcome: Outcome<T>) {}

  ask(work: Work<T>): void {
    this.waiting = work;
    if (!this.running) return this.begin();
    const grace = Math.min(MOST_GRACE_MS, Math.max(GRACE_MS, this.took));
    const left = grace - (Date.now() - this.running.since);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.begin(), Math.max(0, left));
  }

  /** Nothing is wanted any more. */
  stop(): void {
    clearTimeout(this.timer);
    this.waiting = null;
    this.running?.end.abort();
    this.running = null;
    this.outcome.busy(false);
  }

  private begin(): void {
    clearTimeout(this.timer);
    const work = this.waiting;
    if (!work) return;
    this.waiting = null;
    this.running?.end.abort();
    const mine = { end: new AbortController(), since: Date.now() };
    this.running = mine;
    this.outcome.busy(true);
    const settle = (tell: () => void) => {
      if (this.running !== mine) return;
      this.running = null;
      this.took = Date.now() - mine.since;
      tell();
      if (this.waiting) this.begin();
      else this.outcome.busy(false);
    };
    work(mine.end.signal).then(
      (value) => settle(() => this.outcome.done(value)),
      (error: unknown) => settle(() => !this.waiting && this.outcome.failed(error)),
    );
  }
}
