/** All datasets: how far each is, and the way into them. */

import { useCallback, useEffect, useState } from "preact/hooks";
import { count, moment } from "../common/format";
import { type Page, wordsOf } from "../common/http";
import { useShell } from "../common/shell";
import { Empty, Failed, Loading } from "../common/states";
import { DATASETS, type Dataset } from "./model";
import { percent } from "./scrubber";

export function DatasetsPage() {
  const { http, live, session } = useShell();
  const [list, setList] = useState<Dataset[] | null>(null);
  const [why, setWhy] = useState("");
  const load = useCallback(() => {
    http.get<Page<Dataset>>(`${DATASETS}?limit=200`).then(
      (page) => (setWhy(""), setList(page.items)),
      (error) => setWhy(wordsOf(error)),
    );
  }, [http]);
  useEffect(() => {
    load();
    let timer: ReturnType<typeof setTimeout> | undefined;
    // Labels come in crowds: the list is asked for again when some time has passed, not for each.
    const soon = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        load();
      }, 1000);
    };
    const stop = live.follow(["tagging.dataset.*", "tagging.job.*"], { event: soon, reset: load });
    return () => (stop(), clearTimeout(timer));
  }, [live, load]);
  if (why && !list) return <Failed why={why} retry={load} />;
  if (!list) return <Loading what="Loading the datasets" />;
  const mayWrite = session.scopes.includes("write");
  if (!list.length) {
    return (
      <Empty title="No datasets yet">
        <p class="quiet">A dataset is a CSV with one line a picture, and the tags to give. It can also be made of images of the image store.</p>
        {mayWrite && (
          <a class="button primary" href="#/tagging/new">
            Make the first one
          </a>
        )}
      </Empty>
    );
  }
  return (
    <div class="sheet">
      <div class="row">
        <h1 class="grow">Datasets</h1>
        {mayWrite && (
          <a class="button primary" href="#/tagging/new">
            New dataset
          </a>
        )}
      </div>
      <ul class="tg-datasets">
        {list.map((dataset) => (
          <Card key={dataset.id} dataset={dataset} />
        ))}
      </ul>
    </div>
  );
}

function Card({ dataset }: { dataset: Dataset }) {
  const { tagged, total } = dataset.progress;
  const unsaved = dataset.revision - dataset.saved_revision;
  return (
    <li>
      <a class="card tg-dataset" href={`#/tagging/${dataset.id}`}>
        <strong>{dataset.name}</strong>
        {dataset.state === "ready" ? (
          <>
            <span class="quiet">
              {count(total, "picture")}
              {dataset.cameras.length > 1 ? ` by ${count(dataset.cameras.length, "camera")}` : ""}, {count(dataset.clips, "clip")},{" "}
              {count(dataset.tags.length, "tag")}
            </span>
            <span class="tg-progress">
              <progress value={total ? tagged / total : 0} aria-label={`${tagged} of ${total} pictures carry a tag`} />
              <span>{percent(tagged, total)}</span>
            </span>
            <span class={dataset.conflict ? "wrong" : "quiet"}>
              {dataset.conflict
                ? "The CSV was changed by someone else"
                : unsaved > 0
                  ? `${count(unsaved, "change")} not in the CSV`
                  : dataset.saved_at
                    ? `Saved ${moment(dataset.saved_at)}`
                    : `Made ${moment(dataset.created_at)} by ${dataset.created_by}`}
            </span>
          </>
        ) : (
          <span class={dataset.state === "failed" ? "wrong" : "quiet"} role="status">
            {dataset.state === "failed" ? "The import failed" : "Importing … see Jobs for how far it is"}
          </span>
        )}
      </a>
    </li>
  );
}
