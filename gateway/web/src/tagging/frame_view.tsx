/** One frame: all its cameras side by side. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Store } from "../common/store";
import { useStore } from "../common/store";
import { moved, ordered } from "./camera_order";
import type { FramePlace } from "./frames";
import type { Labels } from "./labels";
import { Pane } from "./pane";
import { type View, bestColumns } from "./view";
import type { Work } from "./work";

interface Props {
  work: Work;
  place: FramePlace;
  view: Store<View>;
  alias(code: string): string;
  order: readonly string[];
  setOrder(order: string[]): void;
  /** The camera that is labelled alone; null for all. */
  target: string | null;
  setTarget(camera: string | null): void;
}

const RATIO = 9 / 16;
const CAPTION = 34;

export function FrameView({ work, place, view, alias, order, setOrder, target, setTarget }: Props) {
  const turn = useStore(work.pictures.turn);
  useStore(work.turn);
  const whole = useRef<HTMLDivElement>(null);
  const [columns, setColumns] = useState(place.rows.length);
  const cameras = camerasOf(work, place);
  const places = ordered(cameras, order);
  useLayoutEffect(() => {
    const here = whole.current;
    if (!here) return;
    const measure = () => {
      const pane = { width: here.clientWidth, height: here.clientHeight };
      setColumns(bestColumns(cameras.length, pane, RATIO + (CAPTION * cameras.length) / Math.max(1, pane.width)));
    };
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(here);
    return () => watch.disconnect();
  }, [cameras.length]);
  return (
    <div ref={whole} class="tg-panes" style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}>
      {places.map((at, shown) => {
        const row = place.rows[at] ?? 0;
        const camera = cameras[at] ?? "";
        return (
          <section
            key={camera || at}
            class={`tg-pane${target === camera && cameras.length > 1 ? " only" : ""}`}
            aria-label={camera ? `Camera ${camera}` : `Picture ${at + 1}`}
          >
            <Pane row={row} label={describe(work, row, camera, alias)} pictures={work.pictures} turn={turn} view={view} />
            <footer>
              <strong>{camera || "Picture"}</strong>
              <Chips labels={work.labels} row={row} alias={alias} />
              <span class="tg-path quiet" title={work.factsOf(row)?.file_path}>
                {work.factsOf(row)?.file_path.split(/[\\/]/).at(-1) ?? ""}
              </span>
              {cameras.length > 1 && (
                <span class="tg-pane-tools">
                  <button
                    class="plain icon"
                    aria-label={`Move ${camera} to the left`}
                    disabled={shown === 0}
                    onClick={() => setOrder(moved(cameras, order, camera, -1))}
                  >
                    ◂
                  </button>
                  <button
                    class="plain icon"
                    aria-label={`Move ${camera} to the right`}
                    disabled={shown === places.length - 1}
                    onClick={() => setOrder(moved(cameras, order, camera, 1))}
                  >
                    ▸
                  </button>
                  <button aria-pressed={target === camera} onClick={() => setTarget(target === camera ? null : camera)}>
                    Only this
                  </button>
                </span>
              )}
            </footer>
          </section>
        );
      })}
    </div>
  );
}

/** The cameras of a frame by name; where names are not known yet or the same, by number. */
export function camerasOf(work: Work, place: FramePlace): string[] {
  const names = place.rows.map((row, at) => work.factsOf(row)?.camera ?? work.dataset.get().cameras[at] ?? "");
  return new Set(names).size === names.length ? names : names.map((_, at) => String(at + 1));
}

export function Chips({ labels, row, alias }: { labels: Labels; row: number; alias(code: string): string }) {
  const tags = labels.of(row);
  if (!tags) return <span class="tg-chips quiet">…</span>;
  return (
    <span class="tg-chips">
      {[...tags].sort().map((code) => (
        <span key={code} class="tg-chip">
          {alias(code)}
        </span>
      ))}
    </span>
  );
}

function describe(work: Work, row: number, camera: string, alias: (code: string) => string): string {
  const tags = [...(work.labels.of(row) ?? [])].map(alias).join(", ");
  return `${camera ? `Camera ${camera}, ` : ""}row ${row + 1}, ${tags || "no tag"}`;
}
