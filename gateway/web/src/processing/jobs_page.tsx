/** All jobs, newest first, as they go. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { moment } from "../common/format";
import { type Page, wordsOf } from "../common/http";
import { useShell } from "../common/shell";
import { Empty, Failed, Loading } from "../common/states";
import { Head } from "./head";
import { standing, withEvent } from "./job_items";
import { API, type Job, type Operation, isOver, jobPath } from "./model";
import { titles } from "./pipeline";

const PAGE = 50;

export function JobsPage({ operations }: { operations: readonly Operation[] }) {
  const { jobs, why, load, more } = useJobs();
  return (
    <>
      <Head at="jobs" />
      {why && <Failed why={why} retry={load} />}
      {!jobs && !why && <Loading what="Loading the jobs" />}
      {jobs?.length === 0 && (
        <Empty title="No jobs yet">
          <p class="quiet">Each set of images that you process is a job: here is how far it is, and its results for a day.</p>
          <a class="button primary" href="#/processing">
            Prepare one
          </a>
        </Empty>
      )}
      {jobs && jobs.length > 0 && (
        <div class="sheet proc-jobs">
          <h1>Jobs</h1>
          <ul>
            {jobs.map((job) => (
              <Row key={job.id} job={job} operations={operations} />
            ))}
          </ul>
          {more && <button onClick={more}>Older ones</button>}
        </div>
      )}
    </>
  );
}

function Row({ job, operations }: { job: Job; operations: readonly Operation[] }) {
  const { http, failed, session } = useShell();
  const { total, done } = job.progress;
  const mayWrite = session.scopes.includes("write");
  const call = (method: string, path: string) => void http.call(method, path).catch(failed);
  return (
    <li class={`proc-job card ${job.state}`}>
      <div class="grow">
        <a href={`#/processing/jobs/${job.id}`}>
          <strong>Job {job.id}</strong>: {titles(job.pipeline, operations) || "no steps"}
        </a>
        <div class="quiet">
          by {job.created_by}, {moment(job.created_at)}
        </div>
      </div>
      <span class={`proc-standing ${job.progress.failed ? "some-failed" : ""}`}>{standing(job)}</span>
      {!isOver(job.state) && <progress aria-label={`Progress of job ${job.id}`} value={done} max={Math.max(1, total)} />}
      {mayWrite && !isOver(job.state) && (
        <button aria-label={`Cancel job ${job.id}`} onClick={() => call("DELETE", jobPath(job.id))}>
          Cancel
        </button>
      )}
      {mayWrite && canRetry(job) && (
        <button aria-label={`Retry job ${job.id}`} onClick={() => call("POST", `${jobPath(job.id)}/retry`)}>
          Retry
        </button>
      )}
    </li>
  );
}

/** Whether there is something that could go better another time. */
export function canRetry(job: Job): boolean {
  return isOver(job.state) && (job.progress.failed > 0 || job.state !== "finished");
}

function useJobs() {
  const { http, live } = useShell();
  const [jobs, setJobs] = useState<readonly Job[] | null>(null);
  const [cursor, setCursor] = useState<string | null>(null);
  const [why, setWhy] = useState("");
  const known = useRef<readonly Job[]>([]);
  known.current = jobs ?? [];
  const load = useCallback(async () => {
    try {
      const page = await http.get<Page<Job>>(`${API}/jobs?limit=${PAGE}`);
      setJobs(page.items);
      setCursor(page.next_cursor);
      setWhy("");
    } catch (error) {
      if (!known.current.length) setWhy(wordsOf(error));
    }
  }, [http]);
  useEffect(
    () =>
      live.follow(["processing.job.*"], {
        reset: () => void load(),
        event: (event) => {
          if (known.current.some((job) => job.id === event.data["id"])) setJobs((now) => now?.map((job) => withEvent(job, event)) ?? null);
          else void load();
        },
      }),
    [live, load],
  );
  useEffect(() => void load(), [load]);
  const more = cursor === null ? null : () =>
    void http.get<Page<Job>>(`${API}/jobs?limit=${PAGE}&cursor=${encodeURIComponent(cursor)}`).then(
      (page) => {
        setJobs((now) => [...(now ?? []), ...page.items]);
        setCursor(page.next_cursor);
      },
      (error: unknown) => setWhy(wordsOf(error)),
    );
  return { jobs, why, load: () => void load(), more };
}
