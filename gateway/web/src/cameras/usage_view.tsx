/** Sizes of a day by hour, half hour or minute: a chart, a table and a CSV. */

import { useEffect, useMemo, useState } from "preact/hooks";
import { bytes } from "../common/format";
import { wordsOf } from "../common/http";
import { useShell } from "../common/shell";
import { Empty, Failed, Loading } from "../common/states";
import { Chart } from "./chart";
import { cameraUrl, type Listing, type UsageItem } from "./model";
import { usageColumns } from "./plots";
import { useLoaded } from "./use_loaded";
import { clock } from "./words";

const STEPS = [
  ["hour", "Hours", 3600],
  ["half_hour", "Half hours", 1800],
  ["minute", "Minutes", 60],
] as const;

export function UsageView({ id, date, told }: { id: string; date: string; told: number }) {
  const { http } = useShell();
  const [by, setBy] = useState<string>("half_hour");
  const query = `date=${date}&by=${by}`;
  const usage = useLoaded((signal) => http.get<Listing<UsageItem>>(`${cameraUrl(id, "usage")}?${query}`, { signal }), [http, id, query]);
  useEffect(() => {
    if (told) usage.reload();
  }, [told]);
  const items = usage.value?.items;
  const columns = useMemo(() => usageColumns(items ?? []), [items]);
  const step = STEPS.find(([name]) => name === by)?.[2] ?? 3600;
  if (usage.error !== null && usage.value === null) return <Failed why={wordsOf(usage.error)} retry={usage.reload} />;
  return (
    <div class="stack">
      <div class="row toolbar">
        <label class="row">
          By
          <select value={by} onChange={(event) => setBy(event.currentTarget.value)}>
            {STEPS.map(([name, title]) => (
              <option key={name} value={name}>
                {title}
              </option>
            ))}
          </select>
        </label>
        <a class="button" href={`${cameraUrl(id, "usage.csv")}?${query}`} download>
          CSV
        </a>
        <a class="button" href={`${cameraUrl(id, "usage.png")}?${query}`} download>
          PNG
        </a>
      </div>
      {!items ? (
        <Loading what="Adding up" />
      ) : items.length === 0 ? (
        <Empty title="Nothing on this day" />
      ) : (
        <>
          <Chart title="Recorded" unit="MB" columns={columns} step={step} />
          <details open={items.length <= 48}>
            <summary>As a table</summary>
            <div class="table-wrap">
              <table>
                <thead>
                  <tr>
                    <th scope="col">From</th>
                    <th scope="col">Clips</th>
                    <th scope="col">Size</th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((item) => (
                    <tr key={item.start_local}>
                      <td>{clock(item.start_local)}</td>
                      <td>{item.clips}</td>
                      <td>{bytes(item.size)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </details>
        </>
      )}
    </div>
  );
}
