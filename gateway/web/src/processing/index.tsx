import { useEffect, useState } from "preact/hooks";
import type { Route } from "../common/router";
import { Failed, Loading } from "../common/states";
import { useCatalogue } from "./catalogue";
import { fromStore, draft, takeUp, withSources } from "./draft";
import { JobPage } from "./job_page";
import { JobsPage } from "./jobs_page";
import type { Operation } from "./model";
import { NewPage } from "./new_page";
import { replace } from "../common/router";
import "./style/bench.css";
import "./style/steps.css";
import "./style/compare.css";
import "./style/jobs.css";

/** The workbench of processing: `#/processing` prepares, `#/processing/jobs` lists, `#/processing/jobs/7` shows one. */
export default function Processing({ route }: { route: Route }) {
  const { list, why, retry } = useCatalogue();
  if (why) return <Failed why={why} retry={retry} />;
  if (!list) return <Loading what="Loading the operations" />;
  const [, place, id] = route.path;
  if (place === "jobs" && id) return <JobPage key={id} id={Number(id)} route={route} operations={list} />;
  if (place === "jobs") return <JobsPage operations={list} />;
  return <Preparing route={route} operations={list} />;
}

/** `#/processing?image=a.jpg&image=b.jpg` begins with images of the image store. */
function Preparing({ route, operations }: { route: Route; operations: readonly Operation[] }) {
  const [ready, setReady] = useState(false);
  const given = route.query.getAll("image");
  useEffect(() => {
    takeUp(operations);
    if (given.length) {
      draft.update((now) => withSources(now, given.map((name) => fromStore({ name }))));
      replace("#/processing");
    }
    setReady(true);
  }, [given.join("\n")]);
  return ready ? <NewPage operations={operations} /> : null;
}
