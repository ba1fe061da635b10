/** The images of a job in the order of the upload; results show as they become ready. */

import { useState } from "preact/hooks";
import { address, go } from "../common/router";
import { VirtualGrid } from "../common/virtual_grid";
import { type Item, type Job, resultPath } from "./model";
import { fetched } from "./pictures";
import { Thumb } from "./thumb";

const WORDS = { waiting: "waiting", running: "at work", finished: "done", failed: "failed", cancelled: "cancelled" } as const;

export function placeOf(job: Job, item: Item): string {
  return address(["processing", "jobs", job.id], { item: item.index });
}

export function ResultGrid({ job, items, busy }: { job: Job; items: readonly Item[]; busy: boolean }) {
  const [only, setOnly] = useState(false);
  const failed = job.progress.failed > 0;
  const shown = only && failed ? items.filter((one) => one.state === "failed") : items;
  return (
    <section class="proc-results" aria-label="Images">
      {failed && job.progress.total > 5 && (
        <label class="row">
          <input type="checkbox" checked={only} onChange={(event) => setOnly(event.currentTarget.checked)} /> Only what failed
        </label>
      )}
      <VirtualGrid
        count={shown.length}
        label="Images of the job"
        least={170}
        gap={12}
        ratio={0.75}
        extra={44}
        busy={busy}
        tile={(place, props) => {
          const one = shown[place];
          return one && <Tile job={job} item={one} props={props} />;
        }}
      />
    </section>
  );
}

function Tile({ job, item, props }: { job: Job; item: Item; props: object }) {
  const words = item.state === "failed" ? (item.error?.detail ?? "failed") : WORDS[item.state];
  return (
    <button
      {...props}
      class={`proc-result ${item.state}`}
      data-index={item.index}
      title={item.state === "failed" ? words : item.name}
      onClick={() => go(placeOf(job, item))}
    >
      {item.state === "finished" ? (
        <Thumb id={`result:${job.id}:${item.index}:${item.digest ?? ""}`} load={() => fetched(resultPath(job.id, item))} />
      ) : (
        <span class="proc-thumb">{item.state === "running" ? <span class="spinner" /> : <span class="proc-mark">{item.state === "failed" ? "!" : ""}</span>}</span>
      )}
      <span class="proc-name">{item.name}</span>
      <span class="quiet proc-name">
        {words}
        {item.stored_name && ", stored"}
      </span>
    </button>
  );
}
