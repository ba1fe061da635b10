import { useEffect, useState } from "preact/hooks";
import { Dialog } from "../common/dialog";
import { count, moment } from "../common/format";
import { type Page, wordsOf } from "../common/http";
import { useStore } from "../common/store";
import { Loading } from "../common/states";
import { DATASETS, type HistoryEntry } from "./model";
import type { Work } from "./work";

const SHOWN = 100;

/** Who changed what, and when. */
export function History({ work, close }: { work: Work; close(): void }) {
  const dataset = useStore(work.dataset);
  const [items, setItems] = useState<HistoryEntry[] | null>(null);
  const [why, setWhy] = useState("");
  useEffect(() => {
    work.http
      .get<Page<HistoryEntry>>(`${DATASETS}/${work.id}/history?limit=${SHOWN}`)
      .then((page) => setItems(page.items), (error) => setWhy(wordsOf(error)));
  }, [work, dataset.revision]);
  const alias = (code: string) => dataset.tags.find((tag) => String(tag.code) === code)?.alias ?? code;
  return (
    <Dialog title="History" close={close} wide>
      {why && <p class="wrong">{why}</p>}
      {!items && !why && <Loading />}
      {items?.length === 0 && <p>Nobody has changed a label yet.</p>}
      {items && items.length > 0 && (
        <div class="table-wrap tg-history" tabIndex={0} role="region" aria-label="Changes">
          <table>
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">Who</th>
                <th scope="col">What</th>
                <th scope="col">Rows</th>
              </tr>
            </thead>
            <tbody>
              {items.map((entry) => (
                <tr key={entry.id} class={entry.undone ? "tg-undone" : ""}>
                  <td>{moment(entry.at)}</td>
                  <td>{entry.by}</td>
                  <td>{whatOf(entry, alias)}</td>
                  <td>
                    <a href={`#/tagging/${work.id}?row=${entry.first_row}`} onClick={close}>
                      {entry.rows === 1 ? `row ${entry.first_row + 1}` : `${count(entry.rows, "row")}, ${entry.first_row + 1} to ${entry.last_row + 1}`}
                    </a>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Dialog>
  );
}

function whatOf(entry: HistoryEntry, alias: (code: string) => string): string {
  const parts = Object.entries(entry.tags).flatMap(([code, turned]) => [
    ...(turned.true ? [`+ ${alias(code)}`] : []),
    ...(turned.false ? [`− ${alias(code)}`] : []),
  ]);
  const words = parts.join(", ") || "nothing";
  return `${entry.kind === "tag" ? "" : `${entry.kind}: `}${words}${entry.undone ? " (undone)" : ""}`;
}
