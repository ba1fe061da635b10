import { useEffect, useState } from "preact/hooks";
import { Refusal, wordsOf } from "../common/http";
import type { Route } from "../common/router";
import { useShell } from "../common/shell";
import { Empty, Failed, Loading } from "../common/states";
import { useStore } from "../common/store";
import { DatasetsPage } from "./datasets_page";
import { Desk } from "./desk";
import { ImportPage } from "./import_page";
import { outboxOf } from "./outbox";
import { Work } from "./work";
import "./style/desk.css";
import "./style/grid.css";
import "./style/pages.css";

const AGAIN_MS = 2000;

/** The workbench of tagging: `#/tagging`, `#/tagging/new`, `#/tagging/3?row=12`, `#/tagging/3/grid`. */
export default function Tagging({ route }: { route: Route }) {
  const { http } = useShell();
  useEffect(() => void outboxOf(http), [http]);
  const where = route.path[1];
  if (where === undefined) return <DatasetsPage />;
  if (where === "new") return <ImportPage />;
  const id = Number(where);
  if (!Number.isInteger(id) || id < 1) return <NoSuch />;
  return <Opened key={id} id={id} route={route} />;
}

function Opened({ id, route }: { id: number; route: Route }) {
  const { http, live } = useShell();
  const [work, setWork] = useState<Work | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    const ending = new AbortController();
    let opened: Work | null = null;
    Work.open(http, outboxOf(http), id, ending.signal).then(
      (found) => {
        if (ending.signal.aborted) return;
        opened = found;
        found.follow(live);
        setWork(found);
      },
      (refused) => !ending.signal.aborted && setError(refused),
    );
    return () => {
      ending.abort();
      opened?.close();
      setWork(null);
    };
  }, [http, live, id, attempt]);
  useEffect(() => {
    // A service that starts again: the page goes on by itself.
    if (!(error instanceof Refusal) || !error.passing) return;
    const timer = setTimeout(() => (setError(null), setAttempt(attempt + 1)), AGAIN_MS);
    return () => clearTimeout(timer);
  }, [error]);
  if (error instanceof Refusal && error.status === 404) return <NoSuch />;
  if (error) return <Failed why={wordsOf(error)} retry={() => (setError(null), setAttempt(attempt + 1))} />;
  if (!work) return <Loading what="Opening the dataset" />;
  return <Ready work={work} route={route} />;
}

function Ready({ work, route }: { work: Work; route: Route }) {
  const dataset = useStore(work.dataset);
  const gone = useStore(work.gone);
  if (gone) {
    return (
      <Empty title="This dataset is gone">
        <p class="quiet">{gone}. Its CSV and its pictures are where they were.</p>
        <a class="button" href="#/tagging">
          All datasets
        </a>
      </Empty>
    );
  }
  if (dataset.state === "importing") return <Loading what="Importing; it opens by itself when it is ready" />;
  if (dataset.state === "failed") return <Failed why="The import of this dataset failed; Jobs says why." />;
  return <Desk key={work.frames.count} work={work} route={route} />;
}

function NoSuch() {
  return (
    <Empty title="There is no such dataset">
      <p class="quiet">It may have been removed.</p>
      <a class="button" href="#/tagging">
        All datasets
      </a>
    </Empty>
  );
}
