/** Small pictures come a few at a time and not faster than a key may ask: what has scrolled away is not asked for. */

const AT_ONCE = 8;
const BURST = 90;
const A_SECOND = 60;
const REMEMBERED = 20_000;

interface Waiting {
  url: string;
  begin(): void;
}

export class Pace {
  private readonly waiting = new Set<Waiting>();
  private readonly known = new Set<string>();
  private running = 0;
  private tokens = BURST;
  private filled: number;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly clock: () => number = () => performance.now()) {
    this.filled = clock();
  }

  /** Whether the browser has it already: then it costs nothing. */
  has(url: string): boolean {
    return this.known.has(url);
  }

  /** Calls `begin` when it is this one's turn; the function that is returned gives the turn up, or ends it. */
  ask(url: string, begin: () => void): (arrived?: boolean) => void {
    const one: Waiting = { url, begin };
    this.waiting.add(one);
    this.work();
    let over = false;
    return (arrived = false) => {
      if (arrived) this.remember(url);
      if (over) return;
      over = true;
      if (this.waiting.delete(one)) return;
      this.running -= 1;
      this.work();
    };
  }

  private work(): void {
    this.fill();
    for (const one of this.waiting) {
      if (this.running >= AT_ONCE) return;
      if (this.tokens < 1) {
        this.timer ??= setTimeout(() => ((this.timer = undefined), this.work()), 1000 / A_SECOND);
        return;
      }
      this.waiting.delete(one);
      this.tokens -= 1;
      this.running += 1;
      one.begin();
    }
  }

  private fill(): void {
    const now = this.clock();
    this.tokens = Math.min(BURST, this.tokens + ((now - this.filled) / 1000) * A_SECOND);
    this.filled = now;
  }

  private remember(url: string): void {
    if (this.known.size >= REMEMBERED) this.known.clear();
    this.known.add(url);
  }
}

/** One for the page: the limit is the key's, not a list's. */
export const pace = new Pace();
