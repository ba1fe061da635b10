import { useEffect, useState } from "preact/hooks";
import { type Route, replace } from "../common/router";
import { useShell } from "../common/shell";
import { Failed, Loading } from "../common/states";
import { useCatalogue } from "./catalogue";
import { draft, fromStore, withSources } from "./draft";
import { takeUp } from "./draft_memory";
import { JobPage } from "./job_page";
import { JobsPage } from "./jobs_page";
import type { Operation } from "./model";
import { NewPage } from "./new_page";
import "./style/bench.css";
import "./style/steps.css";
import "./style/compare.css";
import "./style/jobs.css";

/** The workbench of processing: `#/processing` prepares, `#/processing/jobs` lists, `#/processing/jobs/7` shows one. */
export default function Processing({ route }: { route: Route }) {
  const { list, why, retry } = useCatalogue();
  const ready = useDraft(list);
  if (why) return <Failed why={why} retry={retry} />;
  if (!list || !ready) return <Loading what="Loading the operations" />;
  const [, place, id] = route.path;
  if (place === "jobs" && id) return <JobPage key={id} id={Number(id)} route={route} operations={list} />;
  if (place === "jobs") return <JobsPage operations={list} />;
  return <Preparing route={route} operations={list} />;
}

/** Whether what was prepared before has been taken up. */
function useDraft(operations: readonly Operation[] | null): boolean {
  const { session } = useShell();
  const [ready, setReady] = useState(false);
  useEffect(() => {
    if (operations) void takeUp(operations, session.name).then(() => setReady(true));
  }, [operations, session.name]);
  return ready;
}

/** `#/processing?image=a.jpg&image=b.jpg` begins with images of the image store. */
function Preparing({ route, operations }: { route: Route; operations: readonly Operation[] }) {
  const given = route.query.getAll("image");
  useEffect(() => {
    if (!given.length) return;
    draft.update((now) => withSources(now, given.map((name) => fromStore({ name }))));
    replace("#/processing");
  }, [given.join("\n")]);
  return <NewPage operations={operations} />;
}
