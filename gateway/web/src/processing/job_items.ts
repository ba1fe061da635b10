/** The images of a job, page by page, and which pages have to be read again. Pure. */

import { type StackEvent } from "../common/live";
import { type Item, type Job, type JobState, isOver } from "./model";

export interface ItemPage {
  /** The cursor that the page is asked for with. */
  cursor: string | null;
  items: readonly Item[];
  next: string | null;
}

export type Pages = readonly ItemPage[];

/** The pages with one read anew, or a further one. */
export function withPage(pages: Pages, page: ItemPage): Pages {
  const at = pages.findIndex((one) => one.cursor === page.cursor);
  return at < 0 ? [...pages, page] : pages.with(at, page);
}

/** Which page to read next: the first one not read yet. Undefined when all are. */
export function following(pages: Pages): string | null | undefined {
  const last = pages.at(-1);
  return last ? (last.next ?? undefined) : null;
}

/** Whether something can still happen in the page. */
export function isOpen(page: ItemPage): boolean {
  return page.items.some((item) => !isOver(item.state));
}

/** Images are begun in order: behind a page in which nothing has begun, nothing has. */
export function isUntouched(page: ItemPage): boolean {
  return page.items.every((item) => item.state === "waiting");
}

export function itemsOf(pages: Pages): Item[] {
  return pages.flatMap((page) => page.items);
}

/** The job after an event of its own; the same one where the event comes late. */
export function withEvent(job: Job, event: StackEvent): Job {
  const told = event.data as Partial<{ id: number; state: JobState; total: number; done: number; failed: number; error: Job["error"] }>;
  if (told.id !== job.id || !told.state) return job;
  // What has ended begins again only by being queued again.
  if (isOver(job.state) && !isOver(told.state) && !event.type.endsWith(".queued")) return job;
  const progress = {
    total: told.total ?? job.progress.total,
    done: told.done ?? job.progress.done,
    failed: told.failed ?? job.progress.failed,
  };
  return { ...job, state: told.state, progress, error: told.error ?? null };
}

/** What a job is at, in words. */
export function standing(job: Job): string {
  const { total, done, failed } = job.progress;
  const fine = done - failed;
  const wrong = failed ? `, ${failed} failed` : "";
  if (job.state === "waiting") return done ? `waiting to go on, ${done} of ${total} done` : "waiting for its turn";
  if (job.state === "running") return done < total ? `${done} of ${total} done${wrong}` : "putting results into the image store";
  if (job.state === "failed") return job.error?.detail ?? `failed${wrong}`;
  if (job.state === "cancelled") return `cancelled, ${fine} of ${total} done${wrong}`;
  return `${fine === total ? (total === 1 ? "done" : `all ${total} done`) : `${fine} of ${total} done${wrong}`}`;
}
