/** A grid of any number of tiles, of which only those in view exist. One is in the tab order; arrows move among them. */

import type { ComponentChildren, VNode } from "preact";
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { shape, span, stepFrom } from "./grid_math";

export interface TileProps {
  /** For the element that is focused. */
  tabIndex: 0 | -1;
  "data-item": number;
  onFocus(): void;
}

/** Of scrolling that is not looked at more closely, in pixels. */
const SCROLL_STEP = 48;

interface Props {
  count: number;
  label: string;
  /** The least width of a tile, in pixels. */
  least?: number;
  gap?: number;
  /** Height of the picture by its width. */
  ratio?: number;
  /** Pixels below each picture, for words. */
  extra?: number;
  /** Draws what is in a tile; `props` go to its focusable element. */
  tile(item: number, props: TileProps): ComponentChildren;
  /** Called with what is drawn: load it. `last` is exclusive. */
  seen?(first: number, last: number): void;
  keyed?(event: KeyboardEvent, item: number): void;
  busy?: boolean;
  /** Shift and an arrow lead here: what lies between joins the selection. Without it such keys go to `keyed`. */
  reach?(item: number): void;
  /** Scrolled to and focusable at first. */
  start?: number;
  /** Each new one is scrolled to, and the keyboard goes there. */
  goal?: { item: number } | null;
}

export function VirtualGrid(props: Props) {
  const { count, label, least = 180, gap = 12, ratio = 1, extra = 0, tile, seen, keyed, busy, start = 0, reach, goal } = props;
  const list = useRef<HTMLUListElement>(null);
  const [current, setCurrent] = useState(start);
  const view = useView(list);
  const of = shape(count, view.width, least, gap, ratio, extra);
  const [first, last] = view.width ? span(of, count, view.top, view.height) : [0, 0];
  useEffect(() => {
    if (last > first) seen?.(first, last);
  }, [first, last, seen]);
  useLayoutEffect(() => {
    if (start && view.width) scrollTo(list.current, Math.floor(start / of.columns) * of.pitch, of.pitch);
  }, [view.width > 0]);
  const goTo = (item: number) => {
    setCurrent(item);
    scrollTo(list.current, Math.floor(item / of.columns) * of.pitch, of.pitch);
    awaited.current = item;
    focusAwaited();
  };
  // A tile that was out of view takes the keyboard as soon as it has been drawn.
  const awaited = useRef<number | null>(null);
  const focusAwaited = () => {
    const found = awaited.current === null ? null : list.current?.querySelector<HTMLElement>(`[data-item="${awaited.current}"]`);
    if (!found) return;
    awaited.current = null;
    found.focus({ preventScroll: true });
  };
  useLayoutEffect(focusAwaited);
  useEffect(() => {
    if (goal && view.width) goTo(goal.item);
  }, [goal]);
  const tabbable = Math.min(Math.max(0, current), count - 1);
  const move = (event: KeyboardEvent) => {
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && (!event.shiftKey || reach !== undefined);
    const to = plain ? stepFrom(tabbable, event.key, of.columns, count, Math.max(1, Math.floor(view.height / of.pitch))) : null;
    if (to === null) return keyed?.(event, tabbable);
    event.preventDefault();
    if (event.shiftKey) reach?.(to);
    goTo(to);
  };
  // While somebody scrolls only the span changes: tiles that stay are the same ones, and are not compared again.
  const drawn = useRef<Drawn>({ of: null, tiles: new Map() });
  if (!isSame(drawn.current.of, [tile, count, of.columns, of.tile, of.pitch])) {
    drawn.current = { of: [tile, count, of.columns, of.tile, of.pitch], tiles: new Map() };
  }
  const kept = drawn.current.tiles;
  const tiles: Drawn["tiles"] = new Map();
  for (let item = first; item < last; item++) {
    const tabIndex = item === tabbable ? 0 : -1;
    const before = kept.get(item);
    if (before?.tabIndex === tabIndex) {
      tiles.set(item, before);
      continue;
    }
    const [row, column] = [Math.floor(item / of.columns), item % of.columns];
    const style = {
      transform: `translate(${column * (of.tile + gap)}px, ${row * of.pitch}px)`,
      width: `${of.tile}px`,
      height: `${of.pitch - gap}px`,
    };
    const element = (
      <li key={item} style={style} aria-setsize={count} aria-posinset={item + 1}>
        {tile(item, { tabIndex, "data-item": item, onFocus: () => setCurrent(item) })}
      </li>
    );
    tiles.set(item, { tabIndex, element });
  }
  drawn.current.tiles = tiles;
  const height = `${Math.max(0, of.rows * of.pitch - gap)}px`;
  return (
    <ul ref={list} class="virtual-grid" aria-label={label} aria-busy={busy} style={{ height }} onKeyDown={move}>
      {[...tiles.values()].map((one) => one.element)}
    </ul>
  );
}

/** The tiles as they were drawn last, and all that they were drawn of. */
interface Drawn {
  of: readonly unknown[] | null;
  tiles: Map<number, { tabIndex: 0 | -1; element: VNode }>;
}

function isSame(a: readonly unknown[] | null, b: readonly unknown[]): boolean {
  return a !== null && a.every((value, place) => Object.is(value, b[place]));
}

interface View {
  width: number;
  height: number;
  /** How far the window has scrolled into the list. */
  top: number;
}

/** The element that scrolls: the nearest one around that does, else the page. */
function scroller(of: HTMLElement): HTMLElement {
  for (let at = of.parentElement; at; at = at.parentElement) {
    if (/auto|scroll/.test(getComputedStyle(at).overflowY)) return at;
  }
  return document.documentElement;
}

function useView(list: { current: HTMLElement | null }): View {
  const [view, setView] = useState<View>({ width: 0, height: 0, top: 0 });
  const measure = useCallback(() => {
    const here = list.current;
    if (!here) return;
    const around = scroller(here);
    const isPage = around === document.documentElement;
    const edge = isPage ? 0 : around.getBoundingClientRect().top;
    const top = edge - here.getBoundingClientRect().top;
    const next = {
      width: here.clientWidth,
      height: isPage ? innerHeight : around.clientHeight,
      // Rows are drawn ahead: a few pixels more or less draw nothing new.
      top: Math.floor(top / SCROLL_STEP) * SCROLL_STEP,
    };
    setView((now) => (now.width === next.width && now.height === next.height && now.top === next.top ? now : next));
  }, []);
  useLayoutEffect(() => {
    measure();
    const here = list.current;
    if (!here) return;
    const watch = new ResizeObserver(measure);
    watch.observe(here);
    document.addEventListener("scroll", measure, { capture: true, passive: true });
    addEventListener("resize", measure);
    return () => {
      watch.disconnect();
      document.removeEventListener("scroll", measure, { capture: true });
      removeEventListener("resize", measure);
    };
  }, []);
  return view;
}

/** Scrolls so that a row is in view. */
function scrollTo(list: HTMLElement | null, offset: number, pitch: number): void {
  if (!list) return;
  const around = scroller(list);
  const isPage = around === document.documentElement;
  const box = list.getBoundingClientRect();
  const edge = isPage ? 0 : around.getBoundingClientRect().top;
  const height = isPage ? innerHeight : around.clientHeight;
  const at = box.top - edge + offset;
  // What lies over the page at its top and bottom (bars) shall not hide it.
  const [above, below] = isPage ? [120, 90] : [8, 8];
  if (at < above) around.scrollBy({ top: at - above });
  else if (at + pitch > height - below) around.scrollBy({ top: at + pitch - height + below });
}
