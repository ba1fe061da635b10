/** One camera: its state, its card, and the day that is looked at. */

import { useCallback, useEffect, useState } from "preact/hooks";
import { Refusal, wordsOf } from "../common/http";
import { address, go } from "../common/router";
import { useShell } from "../common/shell";
import { Empty, Failed, Loading } from "../common/states";
import { AddCamera } from "./add_camera";
import { CalendarView } from "./calendar_view";
import { ClipsView } from "./clips_view";
import { Gauge } from "./gauge";
import { HostKeyNotice } from "./host_key_notice";
import { type Camera, cameraUrl, type CardDate, type Listing } from "./model";
import { QualityView } from "./quality_view";
import { UsageView } from "./usage_view";
import { useLoaded } from "./use_loaded";
import { ago, stateWords } from "./words";

const VIEWS = [
  ["clips", "Clips"],
  ["usage", "Usage"],
  ["quality", "Quality and gaps"],
] as const;

export function CameraPage({ id, query }: { id: string; query: URLSearchParams }) {
  const { http, live } = useShell();
  const camera = useLoaded((signal) => http.get<Camera>(`${cameraUrl(id)}?wait=10`, { signal }), [http, id]);
  const dates = useLoaded((signal) => http.get<Listing<CardDate>>(cameraUrl(id, "dates"), { signal }), [http, id]);
  const [told, setTold] = useState(0);
  const refresh = useCallback(() => {
    camera.reload();
    dates.reload();
    setTold((count) => count + 1);
  }, [camera.reload, dates.reload]);
  useEffect(() => live.follow([`sdcard.camera.${id}.*`], { event: refresh, reset: dates.reload }), [live, id, refresh]);

  if (camera.error instanceof Refusal && camera.error.status === 404) return <NoCamera id={id} added={refresh} />;
  if (camera.error !== null && camera.value === null) return <Failed why={wordsOf(camera.error)} retry={refresh} />;
  if (camera.value === null) return <Loading what={`Asking ${id}`} />;
  const found = camera.value;
  const days = dates.value?.items ?? [];
  const date = query.get("date") ?? days[0]?.date ?? null;
  const view = query.get("view") ?? "clips";
  return (
    <div class="cam-page">
      <header class="cam-head">
        <nav aria-label="Where you are">
          <a href={address(["cameras"])}>Cameras</a>
        </nav>
        <h1>{found.name}</h1>
        <p class="row" role="status">
          <span class={found.state === "online" ? "cam-state is-good" : "cam-state"}>{stateWords(found.state)}</span>
          {found.state !== "online" && found.detail && <span class="quiet">{found.detail}</span>}
          <span class="quiet">
            {found.refreshing ? "The card is being listed …" : `Listed ${ago(dates.value?.age_seconds ?? null)}`}
          </span>
          <button type="button" onClick={refresh}>
            Ask again
          </button>
        </p>
        {found.card && <Gauge card={found.card} />}
      </header>
      <HostKeyNotice camera={found} accepted={refresh} />
      {days.length === 0 ? (
        <Empty title="Nothing known of this card yet">
          <p class="quiet">{found.state === "online" ? "Its dates show here as soon as they are listed." : stateWords(found.state)}</p>
        </Empty>
      ) : (
        <div class="cam-columns">
          <CalendarView days={days} chosen={date} choose={(day) => go(address(["cameras", id], { date: day, view }))} />
          {date && (
            <section class="cam-day" aria-label={date}>
              <nav class="row cam-tabs" aria-label="What of this day">
                <h2>{date}</h2>
                {VIEWS.map(([name, title]) => (
                  <a
                    key={name}
                    class="button"
                    aria-current={name === view ? "page" : undefined}
                    href={address(["cameras", id], { date, view: name })}
                  >
                    {title}
                  </a>
                ))}
              </nav>
              {view === "usage" ? (
                <UsageView id={id} date={date} told={told} />
              ) : view === "quality" ? (
                <QualityView id={id} date={date} told={told} />
              ) : (
                <ClipsView id={id} date={date} query={query} told={told} />
              )}
            </section>
          )}
        </div>
      )}
    </div>
  );
}

function NoCamera({ id, added }: { id: string; added(): void }) {
  const { session } = useShell();
  const [adding, setAdding] = useState(false);
  return (
    <>
      <Empty title={`There is no camera ${id}`}>
        <p class="quiet">Is the id right? A camera that no file names can be added with its address.</p>
        <div class="row">
          {session.scopes.includes("write") && (
            <button type="button" class="primary" onClick={() => setAdding(true)}>
              Add {id}
            </button>
          )}
          <a class="button" href={address(["cameras"])}>
            All cameras
          </a>
        </div>
      </Empty>
      {adding && <AddCamera id={id} added={added} close={() => setAdding(false)} />}
    </>
  );
}
