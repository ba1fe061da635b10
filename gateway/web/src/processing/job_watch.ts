/** Follows one job: loads it, hears of it, and reads again what has changed, one call at a time. */

import type { Http } from "../common/http";
import type { Live } from "../common/live";
import { Store } from "../common/store";
import { type ItemPage, type Pages, following, isOpen, isUntouched, withEvent, withPage } from "./job_items";
import { type Job, type JobPage, isOver, jobPath } from "./model";

export interface Watched {
  job: Job | null;
  pages: Pages;
  /** Whether all pages have been read. */
  whole: boolean;
  /** Why there is nothing to show. */
  error: unknown;
  /** It ended while somebody was looking. */
  justEnded: boolean;
}

const PAGE = 500;
const AGAIN_MS = 2000;

export class JobWatch {
  readonly seen = new Store<Watched>({ job: null, pages: [], whole: false, error: null, justEnded: false });
  private loading = false;
  private again = false;
  private ended = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private unfollow: () => void = () => undefined;

  constructor(
    private readonly http: Pick<Http, "get">,
    private readonly id: number,
  ) {}

  start(live: Pick<Live, "follow">): void {
    this.unfollow = live.follow([`processing.job.${this.id}.*`], {
      reset: () => this.refresh(),
      event: (event) => {
        const before = this.seen.get().job;
        if (before) this.see({ job: withEvent(before, event) });
        this.refresh();
      },
    });
    this.refresh();
  }

  stop(): void {
    this.ended = true;
    clearTimeout(this.timer);
    this.unfollow();
  }

  /** Reads the job again; while it is being read, once more afterwards. */
  refresh(): void {
    if (this.loading) {
      this.again = true;
      return;
    }
    this.loading = true;
    clearTimeout(this.timer);
    void this.load()
      .catch((error: unknown) => this.failed(error))
      .finally(() => {
        this.loading = false;
        if (this.again && !this.ended) {
          this.again = false;
          this.refresh();
        }
      });
  }

  private async load(): Promise<void> {
    const before = this.seen.get();
    // Of a job that has ended all images are read: the last may have gone, or been stored, or wait for another try.
    const all = before.job !== null && isOver(before.job.state);
    const stale = all ? before.pages : before.pages.filter(isOpen);
    if (!stale.length) await this.read(null);
    for (const page of stale) {
      const now = await this.read(page.cursor);
      if (this.ended || (!all && isUntouched(now))) break;
    }
    for (let next = following(this.seen.get().pages); next !== undefined; next = following(this.seen.get().pages)) {
      if (this.ended) return;
      await this.read(next);
    }
    this.see({ whole: true, error: null });
  }

  private async read(cursor: string | null): Promise<ItemPage> {
    const query = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const { items, next_cursor, ...job } = await this.http.get<JobPage>(`${jobPath(this.id)}?limit=${PAGE}${query}`);
    const page: ItemPage = { cursor, items, next: next_cursor };
    this.see({ job, pages: withPage(this.seen.get().pages, page) });
    return page;
  }

  private failed(error: unknown): void {
    this.see({ error });
    // What is on the page stays; the next event or the next try brings it up to date.
    if (!this.ended && this.seen.get().job) this.timer = setTimeout(() => this.refresh(), AGAIN_MS);
  }

  private see(part: Partial<Watched>): void {
    if (this.ended) return;
    this.seen.update((now) => {
      const was = now.job?.state;
      const is = part.job?.state ?? was;
      const justEnded = was && is && is !== was ? !isOver(was) && is === "finished" : now.justEnded;
      return { ...now, ...part, justEnded };
    });
  }
}
