/** The jobs of all services: how many run, how far they are, and where their outcome is. */

import { useEffect, useState } from "preact/hooks";
import type { Page } from "../common/http";
import { Icon } from "../common/icons";
import { Menu } from "../common/menu";
import { useShell } from "../common/shell";
import { type JobView, type TrayJob, isOver, keyOf, standing, withEvent, withList } from "./jobs";
import { JOB_PLACES, WORKBENCHES } from "./workbenches";

const WITH_JOBS = ["tagging", "processing", "sdcard"];

export function JobsTray() {
  const { http, failed } = useShell();
  const jobs = useJobs();
  const under_way = jobs.filter((job) => !isOver(job)).length;
  const cancel = (job: TrayJob) => void http.call("DELETE", `/api/${job.service}/v1/jobs/${job.id}`).catch(failed);
  return (
    <Menu
      label={under_way ? `Jobs: ${under_way} under way` : "Jobs"}
      class="to-left jobs"
      face={
        <>
          <Icon name="jobs" />
          {under_way > 0 && <span class="badge">{under_way}</span>}
        </>
      }
    >
      {(close) => (
        <section aria-label="Jobs">
          <h2>Jobs</h2>
          {jobs.length === 0 && <p class="quiet">Nothing runs. Imports, processing and scans show here.</p>}
          <ul class="job-list">
            {jobs.map((job) => (
              <Job key={keyOf(job)} job={job} close={close} cancel={() => cancel(job)} />
            ))}
          </ul>
        </section>
      )}
    </Menu>
  );
}

function Job({ job, close, cancel }: { job: TrayJob; close(): void; cancel(): void }) {
  const place = JOB_PLACES[job.service]?.(job) ?? null;
  const title = `${WORKBENCHES.find((one) => one.service === job.service)?.title ?? job.service}: ${job.kind} ${job.id}`;
  return (
    <li class={`job ${job.state}`}>
      <div class="job-words">
        {place && job.state !== "cancelled" ? (
          <a href={place} onClick={close}>
            {title}
          </a>
        ) : (
          <span>{title}</span>
        )}
        <span class="quiet">{standing(job)}</span>
      </div>
      {!isOver(job) && (
        <div class="job-progress">
          <progress aria-label={`Progress of ${title}`} {...(job.progress.total ? { value: job.progress.done, max: job.progress.total } : {})} />
          <button class="plain" onClick={cancel} aria-label={`Cancel ${title}`}>
            Cancel
          </button>
        </div>
      )}
    </li>
  );
}

function useJobs(): readonly TrayJob[] {
  const { http, live, services, say } = useShell();
  const [jobs, setJobs] = useState<readonly TrayJob[]>([]);
  useEffect(() => {
    const load = async () => {
      for (const service of WITH_JOBS.filter((one) => services.has(one))) {
        try {
          const page = await http.get<Page<JobView>>(`/api/${service}/v1/jobs?limit=20`);
          setJobs((now) => withList(now, service, page.items));
        } catch {
          // The tray is a convenience: the workbench itself says what is wrong with its service.
        }
      }
    };
    return live.follow(["*.job.*"], {
      reset: () => void load(),
      event: (event) => {
        setJobs((now) => withEvent(now, event));
        if (event.type.endsWith(".failed") && event.data["state"] === "failed") {
          say({ text: `A job failed: ${(event.data["error"] as { detail?: string } | undefined)?.detail ?? "see Jobs"}`, kind: "wrong" });
        }
      },
    });
  }, [http, live, services]);
  return jobs;
}
