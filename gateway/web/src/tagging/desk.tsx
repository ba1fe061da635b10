/** The desk: a dataset, frame by frame or as a grid, with all that can be done to it. */

import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Refusal } from "../common/http";
import { keep, recall } from "../common/kept";
import { useKeys } from "../common/keys";
import { type Route, address, go as goTo, replace } from "../common/router";
import { useShell } from "../common/shell";
import { Store, useStore } from "../common/store";
import { Empty } from "../common/states";
import { bindings } from "./bindings";
import { DeskBar } from "./desk_bar";
import { ALL, filterOf, isAll, queryOf } from "./filter";
import { FilterBar } from "./filter_bar";
import { FrameView, camerasOf } from "./frame_view";
import { runsOf } from "./frames";
import { GridView } from "./grid_view";
import type { Choices } from "./keymap";
import { keysOf } from "./keymap";
import type { Tags } from "./labels";
import type { Change, Runs } from "./model";
import { Scrubber } from "./scrubber";
import { TagBar } from "./tag_bar";
import { nextUntagged } from "./untagged";
import { useMatches } from "./use_matches";
import { useSave } from "./use_save";
import { FIT, type View, turned } from "./view";
import type { Work } from "./work";

const LOOKING = "Your key is for looking only. To label and save, sign in with one that may work.";
const JUMP = "tg-jump";
const RESTING_MS = 300;
const AGAIN_MS = 1500;
const PASSING_MS = 40;

export function Desk({ work, route }: { work: Work; route: Route }) {
  const { say, failed, session } = useShell();
  const mayWrite = session.scopes.includes("write");
  const dataset = useStore(work.dataset);
  useStore(work.turn);
  const isGrid = route.path[2] === "grid";
  const filter = useMemo(() => filterOf(route.query), [route]);
  const [reading, setReading] = useState(0);
  const matches = useMatches(work, filter, reading);
  const [filtering, setFiltering] = useState(!isAll(filter));
  const [frame, setFrame] = useFrame(work, route);
  const [target, setTarget] = useState<string | null>(null);
  const [order, setOrder] = useState(() => recall<string[]>(`cameras.${work.id}`, []));
  const [choices, setChoices] = useState(() => recall<Choices>("tagging.keys", {}));
  const [selected, setSelected] = useState<Runs>([]);
  const view = useMemo(() => new Store<View>(FIT), [work]);
  const saving = useSave(work);
  const alias = useCallback((code: string) => dataset.tags.find((tag) => String(tag.code) === code)?.alias ?? code, [dataset.tags]);

  const place = work.frames.at(frame);
  const cameras = place ? camerasOf(work, place) : [];
  const chosen = target !== null ? place?.rows.filter((_, at) => cameras[at] === target) : place?.rows;
  const rows: Runs = isGrid ? selected : runsOf(chosen?.length ? chosen : (place?.rows ?? []));
  const { sequence } = matches;

  useLookAhead(work, frame, sequence, isGrid);
  useEffect(() => {
    // A filter that leaves out the frame one is at: on to the next one that fits.
    if (!isGrid && sequence.chosen?.length && sequence.at(sequence.place(frame)) !== frame) setFrame(sequence.step(frame, 1));
  }, [sequence.chosen?.[0], isGrid]);

  const go = (to: number) => setFrame(Math.max(0, Math.min(work.frames.count - 1, to)));
  const label = (change: Change, title: string) => {
    if (!mayWrite) return say(LOOKING);
    if (!rows.length) return say("Select some pictures first: click them, or Ctrl A for all.");
    work.label(rows, change, title);
    if (!isGrid && work.labels.single) go(sequence.step(frame, 1));
  };
  const press = (code: string) => {
    const on = !work.labels.single && everyRow(rows, (row) => work.labels.of(row)?.has(code) ?? false);
    label({ set: { [code]: !on } }, alias(code));
  };
  const actions = {
    next: () => go(sequence.step(frame, 1)),
    previous: () => go(sequence.step(frame, -1)),
    forward: () => go(sequence.step(frame, 10)),
    back: () => go(sequence.step(frame, -10)),
    first: () => go(sequence.at(0) ?? 0),
    last: () => go(sequence.at(sequence.count - 1) ?? frame),
    untagged: () =>
      void nextUntagged(work, place?.rows.at(-1) ?? 0, filter).then(
        (row) => (row === null ? say("Every frame here carries a tag.") : go(work.frames.of(row))),
        failed,
      ),
    none: () => label({ set: {}, clear: true }, "no tag"),
    undo: () => say(said("Undone", work.undo())),
    redo: () => say(said("Done again", work.redo())),
    save: () => (mayWrite ? void saving.save() : say(LOOKING)),
    camera: () => setTarget(cameras[(target === null ? -1 : cameras.indexOf(target)) + 1] ?? null),
    all: () => (isGrid ? setSelected([]) : setTarget(null)),
    fit: () => view.update((now) => ({ ...FIT, turn: now.turn })),
    rotate: () => view.update(turned),
    zoom_in: () => view.update((now) => ({ ...now, zoom: Math.min(40, now.zoom * 1.25) })),
    zoom_out: () => view.update((now) => (now.zoom > 1.25 ? { ...now, zoom: now.zoom / 1.25 } : { ...FIT, turn: now.turn })),
    jump: () => document.getElementById(JUMP)?.focus(),
    grid: () => toggle(),
  };
  useKeys(bindings(dataset.tags, choices, press, actions, isGrid));

  const first = place?.rows[0] ?? 0;
  const here = (grid: boolean, wanted = filter) =>
    address(grid ? ["tagging", work.id, "grid"] : ["tagging", work.id], { ...queryOf(wanted), row: first });
  const toggle = () => goTo(here(!isGrid));
  useAddress(here(isGrid));
  const open = (row: number) => {
    setFrame(work.frames.of(row));
    goTo(address(["tagging", work.id], { ...queryOf(filter), row }));
  };
  const tagsShown: (Tags | undefined)[] = isGrid ? sample(selected).map((row) => work.labels.of(row)) : (chosen ?? []).map((row) => work.labels.of(row));
  const bar = (
    <DeskBar
      work={work}
      isGrid={isGrid}
      toggle={toggle}
      filtering={filtering}
      setFiltering={setFiltering}
      actions={actions}
      saving={saving}
      choices={choices}
      setChoices={(next) => {
        setChoices(next);
        keep("tagging.keys", next);
      }}
    />
  );
  const filters = (filtering || !isAll(filter)) && (
    <FilterBar
      work={work}
      filter={filter}
      matches={matches}
      change={(wanted) => replace(here(isGrid, wanted))}
      close={() => {
        setFiltering(false);
        if (!isAll(filter)) replace(here(isGrid, ALL));
      }}
      again={() => setReading((now) => now + 1)}
    />
  );
  const count = selected.reduce((sum, [a, b]) => sum + b - a + 1, 0);
  const tags = (
    <TagBar
      dataset={dataset}
      disabled={!mayWrite}
      rows={tagsShown}
      noneKey={keysOf("none", choices)[0] ?? "f"}
      press={press}
      none={actions.none}
      target={isGrid ? `${count} selected` : target === null ? "the frame" : `camera ${target}`}
    />
  );
  if (isGrid) {
    return (
      <div class="tg-desk many">
        <div class="tg-top">
          {bar}
          {filters}
        </div>
        <GridView work={work} matches={matches} selected={selected} setSelected={setSelected} alias={alias} open={open} start={first} />
        <div class="tg-bottom">{tags}</div>
      </div>
    );
  }
  return (
    <div class="tg-desk">
      {bar}
      {filters}
      {place && (sequence.count > 0 || matches.loading) ? (
        <FrameView
          work={work}
          place={place}
          view={view}
          alias={alias}
          order={order}
          setOrder={(next) => {
            setOrder(next);
            keep(`cameras.${work.id}`, next);
          }}
          target={target}
          setTarget={setTarget}
        />
      ) : (
        <Empty title={isAll(filter) ? "This dataset has no pictures" : "Nothing fits this filter"}>
          {!isAll(filter) && <button onClick={() => replace(here(false, ALL))}>Show all</button>}
        </Empty>
      )}
      <div class="tg-bottom">
        {tags}
        {place && <Scrubber place={place} sequence={sequence} total={work.frames.count} dataset={dataset} go={go} untagged={actions.untagged} fieldId={JUMP} />}
      </div>
    </div>
  );
}

/** The frame that is shown; the address says which one at first, and when somebody follows a link. */
function useFrame(work: Work, route: Route): [number, (frame: number) => void] {
  const asked = route.query.get("row");
  const remembered = () => work.frames.of(asked !== null ? Number(asked) || 0 : recall(`frame.${work.id}`, 0));
  const [frame, setFrame] = useState(remembered);
  const now = useRef(frame);
  now.current = frame;
  useEffect(() => {
    if (asked !== null && work.frames.of(Number(asked) || 0) !== now.current && location.hash !== written) setFrame(remembered());
  }, [asked]);
  return [frame, setFrame];
}

let written = "";

/** The address follows when the hand rests: browsers refuse more than a few changes a second. */
function useAddress(wanted: string): void {
  const latest = useRef(wanted);
  latest.current = wanted;
  useEffect(() => {
    const before = location.hash;
    const timer = setTimeout(() => {
      // Whoever has gone elsewhere meanwhile is not called back.
      if (latest.current !== wanted || location.hash !== before) return;
      written = wanted;
      if (location.hash !== wanted) replace(wanted);
    }, RESTING_MS);
    return () => clearTimeout(timer);
  }, [wanted]);
}

/** What comes next is fetched and decoded before it is asked for; what is known of rows likewise. */
function useLookAhead(work: Work, frame: number, sequence: { step(frame: number, by: number): number }, isGrid: boolean): void {
  const { failed } = useShell();
  const before = useRef(frame);
  useEffect(() => {
    if (isGrid) return work.pictures.want([]);
    const back = frame < before.current;
    before.current = frame;
    const ways = back ? [0, -1, -2, -3, -4, -5, 1, 2] : [0, 1, 2, 3, 4, 5, 6, -1, -2];
    const frames = [...new Set(ways.map((by) => sequence.step(frame, by)))];
    const rows = frames.flatMap((one) => work.frames.at(one)?.rows ?? []);
    const here = work.frames.at(frame)?.rows ?? [];
    work.pictures.hurry(here);
    // A hand that runs through frames is not kept up by pictures that it will have passed.
    const neighbours = setTimeout(() => work.pictures.want(rows), PASSING_MS);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = () =>
      void work.around(frame).catch((error) => {
        if (error instanceof Refusal && error.passing) timer = setTimeout(ask, AGAIN_MS);
        else failed(error);
      });
    ask();
    return () => (clearTimeout(timer), clearTimeout(neighbours));
  }, [work, frame, sequence, isGrid]);
}

function said(what: string, title: string | null): string {
  return title === null ? "There is nothing more of yours to take back here." : `${what}: ${title}`;
}

function everyRow(runs: Runs, holds: (row: number) => boolean): boolean {
  for (const [first, last] of runs) for (let row = first; row <= last; row++) if (!holds(row)) return false;
  return true;
}

/** Some rows of a selection, for the state of the buttons: all of a small one. */
function sample(runs: Runs): number[] {
  const rows: number[] = [];
  for (const [first, last] of runs) for (let row = first; row <= last && rows.length < 500; row++) rows.push(row);
  return rows;
}
