/** Whether all has arrived: labels on their way, labels kept here while the line is down, changes not in the CSV yet. */

import { useState } from "preact/hooks";
import { Dialog } from "../common/dialog";
import { count, moment } from "../common/format";
import { useShell } from "../common/shell";
import { useStore } from "../common/store";
import { countOf } from "./frames";
import type { Work } from "./work";

export function SyncSign({ work }: { work: Work }) {
  const { live } = useShell();
  const standing = useStore(work.outbox.standing);
  const dataset = useStore(work.dataset);
  const line = useStore(live.state);
  const [open, setOpen] = useState(false);
  const labels = count(standing.unsent, "label");
  const unsaved = Math.max(0, dataset.revision - dataset.saved_revision);
  let [kind, words] = ["good", dataset.saved_at ? `Saved ${moment(dataset.saved_at)}` : "Nothing to save"];
  if (standing.refused) [kind, words] = ["bad", `${count(standing.refused, "label")} refused`];
  else if (standing.unsent && !standing.durable) [kind, words] = ["bad", `${labels} unsent: keep this page open`];
  else if (standing.unsent && standing.barred) [kind, words] = ["bad", `Not allowed: ${labels} kept here`];
  else if (standing.unsent && (standing.trouble || line === "away")) [kind, words] = ["bad", `Offline: ${labels} kept here`];
  else if (standing.unsent) [kind, words] = ["busy", `Sending ${labels}`];
  else if (dataset.conflict) [kind, words] = ["bad", "The CSV was changed by someone else"];
  else if (unsaved) [kind, words] = ["busy", `${count(unsaved, "change")} not in the CSV`];
  return (
    <>
      <span role="status">
        <button class={`tg-sync ${kind}`} onClick={() => setOpen(true)}>
          <span class="dot" />
          {words}
        </button>
      </span>
      {open && (
        <Dialog title="Where the labels are" close={() => setOpen(false)}>
          <div class="stack">
            <p>
              {standing.unsent
                ? `${labels} of this browser have not arrived yet. ${
                    standing.durable
                      ? "They are kept in this browser, also over a reload, and are sent in order as soon as Darkroom answers."
                      : "This browser keeps nothing: leave this page open until they have arrived."
                  }`
                : "Every label of this browser has arrived, and is on the disk of Darkroom."}
              {standing.trouble && ` At the moment: ${standing.trouble}.`}
            </p>
            {standing.others.length > 0 && <p>Labels of {standing.others.join(", ")} wait in this browser until they sign in here again.</p>}
            <p>
              {unsaved ? `${count(unsaved, "change")} are not in the CSV yet; Save writes them.` : "The CSV holds every change."}{" "}
              {dataset.saved_at && `Last saved ${moment(dataset.saved_at)}.`}
            </p>
            <code>{dataset.csv_path}</code>
            <Refused work={work} />
            {standing.unsent > 0 && (
              <div class="row">
                <button class="primary" onClick={() => work.outbox.hurry()}>
                  Try now
                </button>
              </div>
            )}
          </div>
        </Dialog>
      )}
    </>
  );
}

function Refused({ work }: { work: Work }) {
  useStore(work.outbox.standing);
  const refused = work.outbox.queue.entries.filter((entry) => entry.refused !== undefined);
  if (!refused.length) return null;
  return (
    <section class="stack" role="alert">
      <h3>Not taken by the service</h3>
      <ul>
        {refused.slice(0, 20).map((entry) => (
          <li key={entry.id}>
            dataset {entry.dataset}, {count(countOf(entry.runs), "row")} from {(entry.runs[0]?.[0] ?? 0) + 1}: {entry.refused}
          </li>
        ))}
      </ul>
      <div class="row">
        <button onClick={() => work.outbox.again()}>Try them again</button>
        <button class="danger" onClick={() => work.outbox.drop(refused)}>
          Give them up
        </button>
      </div>
    </section>
  );
}
