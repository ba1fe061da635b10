/** Wheel, drag and pinch on panes that show the same part of two pictures. */

import { useEffect } from "preact/hooks";
import { type View, panned, zoomed } from "./zoom";

const WHEEL = 0.0015;

export function usePane(stage: { current: HTMLElement | null }, setView: (change: (view: View) => View) => void): void {
  useEffect(() => {
    const box = stage.current;
    if (!box) return;
    const end = new AbortController();
    const hands = new Map<number, PointerEvent>();
    const listen = <K extends keyof HTMLElementEventMap>(type: K, handle: (event: HTMLElementEventMap[K]) => void, passive = true) =>
      box.addEventListener(type, handle, { signal: end.signal, passive });
    const place = (x: number, y: number): [number, number, DOMRect] => {
      const panes = [...box.querySelectorAll<HTMLElement>(".proc-pane")].map((pane) => pane.getBoundingClientRect());
      const here = panes.find((pane) => x >= pane.left && x <= pane.right && y >= pane.top && y <= pane.bottom) ?? panes[0] ?? box.getBoundingClientRect();
      return [(x - here.left) / here.width, (y - here.top) / here.height, here];
    };
    listen("wheel", (event) => {
      event.preventDefault();
      const [x, y] = place(event.clientX, event.clientY);
      const lines = event.deltaMode === 1 ? 20 : 1;
      setView((view) => zoomed(view, Math.exp(-event.deltaY * lines * WHEEL), x, y));
    }, false);
    listen("pointerdown", (event) => {
      box.setPointerCapture(event.pointerId);
      hands.set(event.pointerId, event);
    });
    const up = (event: PointerEvent) => void hands.delete(event.pointerId);
    listen("pointerup", up);
    listen("pointercancel", up);
    listen("pointermove", (event) => {
      const before = hands.get(event.pointerId);
      if (!before) return;
      hands.set(event.pointerId, event);
      const other = [...hands.values()].find((hand) => hand.pointerId !== event.pointerId);
      const [x, y, pane] = place(event.clientX, event.clientY);
      if (!other) return setView((view) => panned(view, (event.clientX - before.clientX) / pane.width, (event.clientY - before.clientY) / pane.height));
      const apart = (hand: PointerEvent) => Math.hypot(hand.clientX - other.clientX, hand.clientY - other.clientY);
      setView((view) => zoomed(view, apart(event) / Math.max(1, apart(before)), x, y));
    });
    listen("dblclick", (event) => {
      const [x, y] = place(event.clientX, event.clientY);
      setView((view) => zoomed(view, view.scale > 1 ? 0 : 4, x, y));
    });
    return () => end.abort();
  }, []);
}
