/** The jobs of all services as plain data: what the tray shows, and what an event makes of it. */

import { type StackEvent, splitId } from "../common/live";

export type JobState = "waiting" | "running" | "finished" | "failed" | "cancelled";

export interface JobView {
  id: number;
  kind: string;
  subject: string;
  state: JobState;
  progress: { total: number; done: number; failed: number };
  error: { code?: string; detail?: string } | null;
  created_by: string;
  created_at: string;
}

export interface TrayJob extends JobView {
  service: string;
}

const AT_MOST = 50;

export function keyOf(job: Pick<TrayJob, "service" | "id">): string {
  return `${job.service}/${job.id}`;
}

export function isOver(job: Pick<JobView, "state">): boolean {
  return job.state !== "waiting" && job.state !== "running";
}

/** A service's list takes the place of what was known of it; jobs that events told of later stay. */
export function withList(jobs: readonly TrayJob[], service: string, list: readonly JobView[]): TrayJob[] {
  const found = list.map((job) => ({ ...job, service }));
  const newest = Math.max(0, ...found.map((job) => job.id));
  const others = jobs.filter((job) => job.service !== service || job.id > newest);
  return ordered([...others, ...found]);
}

/** The jobs after an event `<service>.job.<what>`. */
export function withEvent(jobs: readonly TrayJob[], event: StackEvent): TrayJob[] {
  const [service] = splitId(event.id);
  const told = event.data as Partial<{
    id: number; kind: string; subject: string; state: JobState;
    total: number; done: number; failed: number; by: string; error: TrayJob["error"];
  }>;
  if (typeof told.id !== "number" || !told.state) return [...jobs];
  const known = jobs.find((job) => job.service === service && job.id === told.id);
  // An event that comes late does not wake a job that has ended.
  if (known && isOver(known) && !isOver({ state: told.state })) return [...jobs];
  const job: TrayJob = {
    service,
    id: told.id,
    kind: told.kind ?? known?.kind ?? "",
    subject: told.subject ?? known?.subject ?? "",
    state: told.state,
    progress: {
      total: told.total ?? known?.progress.total ?? 0,
      done: told.done ?? known?.progress.done ?? 0,
      failed: told.failed ?? known?.progress.failed ?? 0,
    },
    error: told.error ?? null,
    created_by: told.by ?? known?.created_by ?? "",
    created_at: known?.created_at ?? event.time,
  };
  return ordered([...jobs.filter((one) => one !== known), job]);
}

function ordered(jobs: TrayJob[]): TrayJob[] {
  return jobs.sort((a, b) => Date.parse(b.created_at) - Date.parse(a.created_at) || b.id - a.id).slice(0, AT_MOST);
}

/** What a job is at, in words. */
export function standing(job: JobView): string {
  const { total, done, failed } = job.progress;
  const wrong = failed ? `, ${failed} failed` : "";
  if (job.state === "waiting") return "waiting";
  if (job.state === "running") return total ? `${done} of ${total}${wrong}` : "running";
  if (job.state === "failed") return job.error?.detail ?? "failed";
  return `${job.state}${total > 1 ? `, ${done} of ${total}` : ""}${wrong}`;
}
