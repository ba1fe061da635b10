/** One camera's picture: drawn on a canvas, zoomed and moved together with the others. */

import { useCallback, useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Store } from "../common/store";
import type { Pictures } from "./pictures";
import { FIT, type Size, type View, matrix, panned, zoomed } from "./view";

interface Props {
  row: number;
  /** What a screen reader says of it. */
  label: string;
  pictures: Pictures;
  /** Grows when a picture has come. */
  turn: number;
  view: Store<View>;
}

export function Pane({ row, label, pictures, turn, view }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const picture = pictures.get(row);
  const draw = useCallback(() => paint(canvas.current, pictures, row, view.get()), [pictures, row, view]);
  useLayoutEffect(draw, [draw, turn]);
  useEffect(() => view.watch(draw), [view, draw]);
  useEffect(() => {
    if (!canvas.current) return;
    const watch = new ResizeObserver(draw);
    watch.observe(canvas.current);
    return () => watch.disconnect();
  }, [draw]);
  useHands(canvas, view, () => sizeOf(pictures, row));
  return (
    <div class="tg-picture">
      <canvas ref={canvas} role="img" aria-label={label} data-row={row} data-state={picture?.state ?? "loading"} />
      {picture?.state !== "ready" && picture?.state !== "failed" && <span class="spinner" aria-hidden="true" />}
      {picture?.state === "failed" && (
        <div class="tg-failed">
          <p>This picture cannot be shown: {picture.why}</p>
          <button onClick={() => pictures.retry(row)}>Try again</button>
        </div>
      )}
    </div>
  );
}

function sizeOf(pictures: Pictures, row: number): Size | null {
  const picture = pictures.get(row);
  return picture?.state === "ready" ? picture.bitmap : null;
}

function paint(canvas: HTMLCanvasElement | null, pictures: Pictures, row: number, view: View): void {
  const context = canvas?.getContext("2d", { alpha: false });
  if (!canvas || !context) return;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const density = Math.min(devicePixelRatio || 1, 2);
  const [across, down] = [Math.round(width * density), Math.round(height * density)];
  if (!across || !down) return;
  if (canvas.width !== across || canvas.height !== down) Object.assign(canvas, { width: across, height: down });
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.fillStyle = "#0c0a09";
  context.fillRect(0, 0, across, down);
  const picture = pictures.get(row);
  if (picture?.state !== "ready") return;
  const { bitmap } = picture;
  context.setTransform(...matrix(view, bitmap, { width: across, height: down }));
  context.imageSmoothingEnabled = view.zoom < 6;
  context.imageSmoothingQuality = "medium";
  context.drawImage(bitmap, 0, 0);
}

/** Wheel and pinch zoom, drag moves, double click fits. */
function useHands(canvas: { current: HTMLCanvasElement | null }, view: Store<View>, size: () => Size | null): void {
  const latest = useRef(size);
  latest.current = size;
  useEffect(() => {
    const here = canvas.current;
    if (!here) return;
    const ending = new AbortController();
    const held = new Map<number, { x: number; y: number }>();
    const change = (how: (view: View, picture: Size, pane: Size) => View) => {
      const picture = latest.current();
      if (picture) view.update((now) => how(now, picture, { width: here.clientWidth, height: here.clientHeight }));
    };
    const listen = <K extends keyof HTMLElementEventMap>(type: K, handle: (event: HTMLElementEventMap[K]) => void) =>
      here.addEventListener(type, handle, { signal: ending.signal, passive: false });
    listen("wheel", (event) => {
      event.preventDefault();
      const by = Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015));
      change((now, picture, pane) => zoomed(now, by, event.offsetX, event.offsetY, picture, pane));
    });
    listen("dblclick", (event) =>
      change((now, picture, pane) =>
        now.zoom > 1 ? { ...FIT, turn: now.turn } : zoomed(now, 3, event.offsetX, event.offsetY, picture, pane),
      ),
    );
    listen("pointerdown", (event) => {
      held.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
      here.setPointerCapture(event.pointerId);
    });
    listen("pointermove", (event) => {
      const before = held.get(event.pointerId);
      if (!before) return;
      const now = { x: event.offsetX, y: event.offsetY };
      const other = [...held].find(([id]) => id !== event.pointerId)?.[1];
      held.set(event.pointerId, now);
      if (!other) return change((view, picture, pane) => panned(view, now.x - before.x, now.y - before.y, picture, pane));
      const by = Math.hypot(now.x - other.x, now.y - other.y) / Math.max(1, Math.hypot(before.x - other.x, before.y - other.y));
      change((view, picture, pane) => zoomed(view, by, (now.x + other.x) / 2, (now.y + other.y) / 2, picture, pane));
    });
    const release = (event: PointerEvent) => held.delete(event.pointerId);
    listen("pointerup", release);
    listen("pointercancel", release);
    return () => ending.abort();
  }, [view]);
}
