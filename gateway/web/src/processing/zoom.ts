/** Zoom and pan of pictures that lie in panes of the same size, in parts of the pane. Pure. */

export interface View {
  scale: number;
  /** Where the pane's upper left corner lies in the picture's own pane, 0 to 1 - 1 / scale. */
  x: number;
  y: number;
}

export const WHOLE: View = { scale: 1, x: 0, y: 0 };
const MOST = 32;

/** `x` and `y` are the place in the pane, 0 to 1, that stays where it is. */
export function zoomed(view: View, factor: number, x = 0.5, y = 0.5): View {
  const scale = Math.max(1, Math.min(MOST, view.scale * factor));
  return bounded({ scale, x: view.x + x / view.scale - x / scale, y: view.y + y / view.scale - y / scale });
}

/** Moved by parts of the pane: the picture follows the hand. */
export function panned(view: View, x: number, y: number): View {
  return bounded({ ...view, x: view.x - x / view.scale, y: view.y - y / view.scale });
}

function bounded(view: View): View {
  const most = 1 - 1 / view.scale;
  const inside = (value: number) => Math.max(0, Math.min(most, value));
  return { scale: view.scale, x: inside(view.x), y: inside(view.y) };
}

/** As a CSS transform, with its origin at the upper left. */
export function transform(view: View): string {
  return `scale(${view.scale}) translate(${-view.x * 100}%, ${-view.y * 100}%)`;
}
