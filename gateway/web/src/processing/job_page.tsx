/** One job: how far it is, its images, and what can be done with the results. */

import { useEffect, useMemo } from "preact/hooks";
import { moment } from "../common/format";
import { Refusal, wordsOf } from "../common/http";
import { type Route, go } from "../common/router";
import { useShell } from "../common/shell";
import { Failed, Loading } from "../common/states";
import { useStore } from "../common/store";
import { DoneSign } from "./done_sign";
import { changedBy, draft } from "./draft";
import { Head } from "./head";
import { itemsOf, standing } from "./job_items";
import { JobWatch } from "./job_watch";
import { canRetry } from "./jobs_page";
import { type Item, type Job, type Operation, isOver, jobPath } from "./model";
import { fromWire, titles } from "./pipeline";
import { ResultGrid } from "./result_grid";
import { ResultView } from "./result_view";

interface Props {
  id: number;
  route: Route;
  operations: readonly Operation[];
}

export function JobPage({ id, route, operations }: Props) {
  const { http, live } = useShell();
  const watch = useMemo(() => new JobWatch(http, id), [http, id]);
  useEffect(() => {
    watch.start(live);
    return () => watch.stop();
  }, [watch, live]);
  const { job, pages, error, justEnded, whole } = useStore(watch.seen);
  useTitle(job, justEnded);
  if (!job) {
    if (!error) return <Loading what={`Loading job ${id}`} />;
    const gone = error instanceof Refusal && error.status === 404;
    return (
      <Failed why={gone ? "There is no such job any more: jobs and their results are kept for a day." : wordsOf(error)} {...(gone ? {} : { retry: () => watch.refresh() })}>
        <a href="#/processing/jobs">All jobs</a>
      </Failed>
    );
  }
  const items = itemsOf(pages);
  const open = Number(route.query.get("item") ?? NaN);
  const shown = items[open];
  return (
    <>
      <Head at="job">
        <Actions job={job} operations={operations} />
      </Head>
      {shown ? (
        <ResultView job={job} items={items} item={shown} operations={operations} />
      ) : (
        <div class="proc-job-page">
          <Standing job={job} fresh={justEnded} operations={operations} />
          <Failures items={items} />
          <ResultGrid job={job} items={items} busy={!whole} />
        </div>
      )}
    </>
  );
}

function Standing({ job, fresh, operations }: { job: Job; fresh: boolean; operations: readonly Operation[] }) {
  const { total, done } = job.progress;
  return (
    <section class="proc-job-head" aria-label="Progress">
      <div class="proc-job-title">
        <h1>Job {job.id}</h1>
        <p class="quiet">
          {titles(job.pipeline, operations)} · by {job.created_by}, {moment(job.created_at)}
          {isOver(job.state) && job.expires_at && ` · kept until ${moment(job.expires_at)}`}
        </p>
      </div>
      {job.state === "finished" ? (
        <DoneSign fresh={fresh} whole={!job.progress.failed} words={standing(job)} />
      ) : (
        <div class="proc-job-progress">
          <p role="status" class={job.state === "failed" ? "wrong" : ""}>
            {standing(job)}
          </p>
          {!isOver(job.state) && <progress aria-label="Progress" value={done} max={Math.max(1, total)} />}
        </div>
      )}
    </section>
  );
}

function Failures({ items }: { items: readonly Item[] }) {
  const failed = items.filter((one) => one.state === "failed" || one.store_error);
  if (!failed.length) return null;
  return (
    <details class="proc-failures card" open={failed.length <= 5}>
      <summary>
        {failed.length} did not go through, and why
      </summary>
      <ul>
        {failed.slice(0, 200).map((one) => (
          <li key={one.index}>
            <strong>{one.name}</strong>: {one.error?.detail ?? one.store_error?.detail ?? "no reason was given"}
            {one.error && one.attempts > 1 && <span class="quiet"> ({one.attempts} attempts)</span>}
            {!one.error && one.store_error && <span class="quiet"> (not stored)</span>}
          </li>
        ))}
      </ul>
    </details>
  );
}

function Actions({ job, operations }: { job: Job; operations: readonly Operation[] }) {
  const { http, failed, session, services } = useShell();
  const call = (method: string, path: string) => void http.call(method, path).catch(failed);
  const over = isOver(job.state);
  const some = job.progress.done > job.progress.failed;
  const mayWrite = session.scopes.includes("write");
  const useAgain = () => {
    draft.update((now) => changedBy({ ...now, alone: false }, { pipeline: fromWire(job.pipeline, operations) }));
    go("#/processing");
  };
  return (
    <div class="proc-submit">
      <button class="plain" onClick={useAgain}>
        Use its pipeline
      </button>
      {mayWrite && !over && <button onClick={() => call("DELETE", jobPath(job.id))}>Cancel</button>}
      {mayWrite && canRetry(job) && <button onClick={() => call("POST", `${jobPath(job.id)}/retry`)}>Retry</button>}
      {mayWrite && over && some && services.has("imagestore") && (
        <button disabled={job.store_results && job.state === "finished"} onClick={() => call("POST", `${jobPath(job.id)}/store`)}>
          {job.store_results && job.state === "finished" ? "Stored" : "Store results"}
        </button>
      )}
      {some && (
        <a class="button primary" href={`${jobPath(job.id)}/results.zip`} download={`results-${job.id}.zip`}>
          Download {over ? "all" : "what is done"}
        </a>
      )}
    </div>
  );
}

/** Whoever waits with another tab open sees it there. */
function useTitle(job: Job | null, ended: boolean): void {
  const { total, done } = job?.progress ?? { total: 0, done: 0 };
  const state = job?.state;
  useEffect(() => {
    if (!job) return;
    const before = document.title;
    const mark = state === "finished" && ended ? "✓ " : state === "running" && total ? `${Math.floor((100 * done) / total)} % ` : "";
    document.title = `${mark}Job ${job.id} · Darkroom`;
    return () => void (document.title = before);
  }, [state, done, total, ended]);
}
