/** How a day was recorded, by half hour, and the gaps that its recording mode does not explain. */

import { useEffect, useMemo } from "preact/hooks";
import { count } from "../common/format";
import { wordsOf } from "../common/http";
import { useShell } from "../common/shell";
import { Empty, Failed, Loading } from "../common/states";
import { Chart } from "./chart";
import { cameraUrl, type Gap, type Quality, type QualityItem } from "./model";
import { gapSpans, qualityColumns } from "./plots";
import { useLoaded } from "./use_loaded";
import { clock, round, seconds } from "./words";

const HALF_HOUR = 1800;

export function QualityView({ id, date, told }: { id: string; date: string; told: number }) {
  const { http, live, session, say, failed } = useShell();
  const quality = useLoaded((signal) => http.get<Quality>(`${cameraUrl(id, "quality")}?date=${date}`, { signal }), [http, id, date]);
  useEffect(() => {
    if (told) quality.reload();
  }, [told]);
  useEffect(() => live.follow([`sdcard.clip.${id}.*`], { event: quality.reload, reset: quality.reload }), [live, id, quality.reload]);
  const found = quality.value;
  const items = found?.items;
  const gaps = useMemo(() => gapSpans(found?.gaps ?? []), [found]);
  const rates = useMemo(() => qualityColumns(items ?? [], "mean_kbps"), [items]);
  const frames = useMemo(() => qualityColumns(items ?? [], "mean_fps"), [items]);
  if (quality.error !== null && found === null) return <Failed why={wordsOf(quality.error)} retry={quality.reload} />;
  if (!found || !items) return <Loading what="Working it out" />;
  if (items.length === 0) return <Empty title="Nothing on this day" />;
  const scan = () =>
    http.json("POST", cameraUrl(id, "scans"), { date }).then(() => say("The day is being read"), failed);
  return (
    <div class="stack">
      <div class="row toolbar">
        <a class="button" href={`${cameraUrl(id, "quality.csv")}?date=${date}`} download>
          CSV
        </a>
        <a class="button" href={`${cameraUrl(id, "quality.png")}?date=${date}`} download>
          PNG
        </a>
        {found.unread > 0 && (
          <>
            <span class="quiet">{count(found.unread, "clip")} not read yet</span>
            {session.scopes.includes("write") && (
              <button type="button" onClick={() => void scan()}>
                Read them
              </button>
            )}
          </>
        )}
      </div>
      <Chart title="Bitrate" unit="kbit/s" columns={rates} step={HALF_HOUR} gaps={gaps} />
      <Chart title="Frame rate" unit="fps" columns={frames} step={HALF_HOUR} gaps={gaps} />
      <Gaps gaps={found.gaps} />
      <HalfHours items={items} />
    </div>
  );
}

function Gaps({ gaps }: { gaps: readonly Gap[] }) {
  if (gaps.length === 0) return <p>No gaps that the recording mode does not explain.</p>;
  return (
    <details open={gaps.length <= 20}>
      <summary>{count(gaps.length, "gap")} in recording</summary>
      <ul class="cam-gaps">
        {gaps.map((gap) => (
          <li key={gap.start_local}>
            {clock(gap.start_local)} to {clock(gap.end_local)}, {seconds(gap.seconds)}
            {gap.recording_mode && <span class="quiet"> ({gap.recording_mode})</span>}
          </li>
        ))}
      </ul>
    </details>
  );
}

function HalfHours({ items }: { items: readonly QualityItem[] }) {
  return (
    <div class="table-wrap">
      <table>
        <caption class="unseen">By half hour</caption>
        <thead>
          <tr>
            <th scope="col">From</th>
            <th scope="col">Clips</th>
            <th scope="col">Length</th>
            <th scope="col">kbit/s</th>
            <th scope="col">fps</th>
            <th scope="col">Resolution</th>
            <th scope="col">Frames</th>
            <th scope="col">Recording</th>
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr key={item.start_local}>
              <td>{clock(item.start_local)}</td>
              <td>{item.clips}</td>
              <td>{item.mean_duration === null ? "" : seconds(item.mean_duration)}</td>
              <td>{item.mean_kbps === null ? "" : round(item.mean_kbps)}</td>
              <td>{item.mean_fps === null ? "" : round(item.mean_fps)}</td>
              <td>{item.resolutions.map((one) => `${one.resolution} (${one.clips})`).join(", ")}</td>
              <td>{item.frame_mode?.replaceAll("_", " ") ?? ""}</td>
              <td>{item.recording_mode ?? ""}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
