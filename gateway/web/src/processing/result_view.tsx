/** One image of a job: original and result, its facts, and the way to its neighbours. */

import { useEffect, useState } from "preact/hooks";
import { bytes } from "../common/format";
import { useKeys } from "../common/keys";
import { address, go, replace } from "../common/router";
import { Loading } from "../common/states";
import { Compare, type Picture } from "./compare";
import { type Item, type Job, type Operation, originalPath, resultPath } from "./model";
import { fetched } from "./pictures";
import { titles } from "./pipeline";
import { placeOf } from "./result_grid";

interface Props {
  job: Job;
  items: readonly Item[];
  item: Item;
  operations: readonly Operation[];
}

export function ResultView({ job, items, item, operations }: Props) {
  const step = (by: number) => {
    const to = items[item.index + by];
    if (to) replace(placeOf(job, to));
  };
  const back = address(["processing", "jobs", job.id]);
  useKeys([
    { keys: ["arrowleft", "["], title: "The image before", group: "Job", run: () => step(-1) },
    { keys: ["arrowright", "]"], title: "The next image", group: "Job", run: () => step(1) },
    { keys: ["escape"], title: "Back to all images", group: "Job", run: () => go(back) },
  ]);
  const before = usePicture(item.original_url ? originalPath(job.id, item) : null);
  const after = usePicture(item.state === "finished" ? resultPath(job.id, item) : null);
  return (
    <div class="proc-result-view">
      <div class="row">
        <a class="button" href={back}>
          ← All images
        </a>
        <h1 class="proc-name grow" title={item.name}>
          {item.name}
        </h1>
        <span class="proc-steps-among">
          <button class="icon" aria-label="The image before" disabled={item.index === 0} onClick={() => step(-1)}>
            ‹
          </button>
          <span class="quiet">
            {item.index + 1} of {job.progress.total}
          </span>
          <button class="icon" aria-label="The next image" disabled={item.index >= items.length - 1} onClick={() => step(1)}>
            ›
          </button>
        </span>
        {item.state === "finished" && (
          <a class="button primary" href={resultPath(job.id, item)} download={item.result_name ?? item.name}>
            Download
          </a>
        )}
      </div>
      <Facts job={job} item={item} operations={operations} />
      {item.state === "failed" ? (
        <p role="alert" class="wrong">
          {item.error?.detail ?? "failed"} ({item.attempts} {item.attempts === 1 ? "attempt" : "attempts"})
        </p>
      ) : item.state === "waiting" || item.state === "running" ? (
        <Loading what={item.state === "running" ? "Its turn is now" : "Waiting for its turn"} />
      ) : null}
      {(item.state === "finished" || before) && <Compare id={`${job.id}/${item.index}`} name={item.name} before={before} after={after} busy={item.state === "finished" && !after} />}
    </div>
  );
}

function Facts({ job, item, operations }: Omit<Props, "items">) {
  const facts = [
    titles(item.pipeline ?? job.pipeline, operations) + (item.pipeline ? " (of its own)" : ""),
    item.width ? `${item.width} × ${item.height}` : "",
    item.size ? bytes(item.size) : "",
    item.media_type?.replace("image/", "").toUpperCase() ?? "",
  ].filter(Boolean);
  return (
    <p class="quiet proc-facts">
      {facts.join(" · ")}
      {item.stored_name && (
        <>
          {" · stored as "}
          <a href={address(["images", item.stored_name])}>{item.stored_name}</a>
        </>
      )}
    </p>
  );
}

/** The bytes behind a path, to look at and to count; null while they are not there, or are no picture here. */
function usePicture(path: string | null): Picture | null {
  const [picture, setPicture] = useState<Picture | null>(null);
  useEffect(() => {
    setPicture(null);
    if (!path) return;
    const end = new AbortController();
    let url = "";
    fetched(path, end.signal).then(
      async (blob) => {
        (await createImageBitmap(blob)).close();
        if (end.signal.aborted) return;
        url = URL.createObjectURL(blob);
        setPicture({ blob, url });
      },
    ).catch(() => undefined); // what cannot be drawn can still be downloaded
    return () => {
      end.abort();
      if (url) URL.revokeObjectURL(url);
    };
  }, [path]);
  return picture;
}
