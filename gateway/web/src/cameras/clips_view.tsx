/** The clips of a day, hour by hour; what has not been read yet is read now, and fills in by event. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { bytes, count } from "../common/format";
import { wordsOf } from "../common/http";
import { address, go, replace } from "../common/router";
import { useShell } from "../common/shell";
import { Empty, Failed, Loading } from "../common/states";
import { VirtualGrid } from "../common/virtual_grid";
import { ClipDialog } from "./clip_dialog";
import { ClipTile } from "./clip_tile";
import { type CardHour, cameraUrl, type Clip, type Listing } from "./model";
import { Selection } from "./selection";
import { useLoaded } from "./use_loaded";

interface Props {
  id: string;
  date: string;
  query: URLSearchParams;
  /** Grows when the camera was listed anew. */
  told: number;
}

export function ClipsView({ id, date, query, told }: Props) {
  const { http, live } = useShell();
  const hours = useLoaded((signal) => http.get<Listing<CardHour>>(cameraUrl(id, "dates", date), { signal }), [http, id, date]);
  const asked = query.get("hour");
  const hour = asked === null ? (hours.value?.items[0]?.hour ?? null) : Number(asked);
  const clips = useClips(id, date, hour);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const reload = useCallback(() => {
    hours.reload();
    clips.reload();
  }, [hours.reload, clips.reload]);
  useEffect(() => {
    if (told) reload();
  }, [told]);
  useEffect(() => live.follow([`sdcard.clip.${id}.*`], { event: reload, reset: clips.reload }), [live, id, reload]);
  useReading(id, date, hour, hours.value?.items ?? []);

  const place = (more: Record<string, string | number | null>) => address(["cameras", id], { date, hour, ...more });
  const open = query.get("clip");
  // The back button closes a clip, and closing it goes back: whoever came by an address goes nowhere.
  const came = useRef(false);
  const opening = (clip: Clip) => {
    came.current = true;
    go(place({ clip: clip.id }));
  };
  const closing = () => {
    if (came.current) history.back();
    else replace(place({}));
    came.current = false;
  };
  useEffect(() => {
    if (open === null) came.current = false;
  }, [open]);
  const shown = clips.value ?? [];
  const opened = shown.find((clip) => clip.id === open) ?? null;
  const toggle = (clip: Clip) => {
    const next = new Set(chosen);
    if (!next.delete(clip.id)) next.add(clip.id);
    setChosen(next);
  };
  if (hours.error !== null && hours.value === null) return <Failed why={wordsOf(hours.error)} retry={reload} />;
  if (hours.value === null) return <Loading what="Listing hours" />;
  if (hours.value.items.length === 0) return <Empty title="Nothing on this day" />;
  return (
    <>
      <nav class="cam-hours" aria-label="Hours">
        {hours.value.items.map((one) => (
          <a key={one.hour} class="button" aria-current={one.hour === hour ? "true" : undefined} href={place({ hour: one.hour })}>
            {String(one.hour).padStart(2, "0")}
            <small class="quiet">{one.clips}</small>
          </a>
        ))}
      </nav>
      <Selection id={id} chosen={chosen} clear={() => setChosen(new Set())} />
      {clips.error !== null && clips.value === null ? (
        <Failed why={wordsOf(clips.error)} retry={clips.reload} />
      ) : clips.value === null ? (
        <Loading what="Listing clips" />
      ) : (
        <>
          <p class="quiet">
            {count(shown.length, "file")}, {bytes(shown.reduce((sum, clip) => sum + clip.size, 0))}
          </p>
          <VirtualGrid
            count={shown.length}
            label={`Clips of ${date}`}
            least={matchMedia("(min-width: 52rem)").matches ? 200 : 150}
            ratio={0.75}
            extra={58}
            tile={(item, props) => {
              const clip = shown[item] as Clip;
              return (
                <ClipTile
                  key={clip.id}
                  camera={id}
                  clip={clip}
                  props={props}
                  chosen={chosen.has(clip.id)}
                  toggle={() => toggle(clip)}
                  open={() => opening(clip)}
                />
              );
            }}
          />
        </>
      )}
      {opened && <ClipDialog camera={id} clip={opened} all={shown} close={closing} show={(clip) => replace(place({ clip: clip.id }))} />}
    </>
  );
}

function useClips(id: string, date: string, hour: number | null) {
  const { http } = useShell();
  return useLoaded<Clip[]>(
    async (signal) => {
      if (hour === null) return [];
      const found = await http.all<Clip>(`${cameraUrl(id, "dates", date, "clips")}?hour=${hour}&limit=500`, { signal });
      return [...found.filter((clip) => clip.kind !== "other"), ...found.filter((clip) => clip.kind === "other")];
    },
    [http, id, date, hour],
  );
}

/** Has an hour read whose clips are not known yet, once; by someone who may. */
function useReading(id: string, date: string, hour: number | null, hours: readonly CardHour[]): void {
  const { http, session, failed } = useShell();
  const here = hours.find((one) => one.hour === hour);
  const unread = here !== undefined && here.scanned < here.clips && session.scopes.includes("write");
  useEffect(() => {
    if (!unread || hour === null) return;
    const headers = { "Idempotency-Key": `page-${id}-${date}-${hour}-${here.clips}` };
    http.json("POST", cameraUrl(id, "scans"), { date, hour }, { headers }).catch(failed);
  }, [id, date, hour, unread]);
}
