/** What is seen of a picture: zoom, place and rotation; one view for all cameras. Pure. */

export type Turn = 0 | 90 | 180 | 270;

export interface View {
  /** 1: all of it is seen. */
  zoom: number;
  /** What lies in the middle of the pane, in parts of the picture's width and height. */
  x: number;
  y: number;
  turn: Turn;
}

export interface Size {
  width: number;
  height: number;
}

export const FIT: View = { zoom: 1, x: 0.5, y: 0.5, turn: 0 };
const MOST = 40;

/** Pixels of the pane for one of the picture, when all of it is seen. */
export function fitScale(picture: Size, pane: Size, turn: Turn): number {
  const [width, height] = turn % 180 ? [picture.height, picture.width] : [picture.width, picture.height];
  return Math.min(pane.width / width, pane.height / height);
}

/** The matrix (a, b, c, d, e, f) that canvases take to draw the picture at 0, 0. */
export function matrix(view: View, picture: Size, pane: Size): [number, number, number, number, number, number] {
  const scale = fitScale(picture, pane, view.turn) * view.zoom;
  const [cos, sin] = unit(view.turn);
  const [a, b, c, d] = [cos * scale, sin * scale, -sin * scale, cos * scale];
  const [x, y] = [view.x * picture.width, view.y * picture.height];
  return [a, b, c, d, pane.width / 2 - a * x - c * y, pane.height / 2 - b * x - d * y];
}

/** Moved by so many pixels of the pane. */
export function panned(view: View, dx: number, dy: number, picture: Size, pane: Size): View {
  return held(free(view, dx, dy, picture, pane), picture, pane);
}

/** Zoomed, so that what lies at (px, py) of the pane stays there. */
export function zoomed(view: View, by: number, px: number, py: number, picture: Size, pane: Size): View {
  const zoom = Math.max(1, Math.min(MOST, view.zoom * by));
  const [dx, dy] = [px - pane.width / 2, py - pane.height / 2];
  const close = { ...free(view, -dx, -dy, picture, pane), zoom };
  return held(free(close, dx, dy, picture, pane), picture, pane);
}

export function turned(view: View): View {
  return { ...view, turn: ((view.turn + 90) % 360) as Turn };
}

/** As `panned`, without keeping the picture in the pane. */
function free(view: View, dx: number, dy: number, picture: Size, pane: Size): View {
  const scale = fitScale(picture, pane, view.turn) * view.zoom;
  const [cos, sin] = unit(view.turn);
  return {
    ...view,
    x: view.x - (cos * dx + sin * dy) / scale / picture.width,
    y: view.y - (-sin * dx + cos * dy) / scale / picture.height,
  };
}

/** No edge of the picture comes further into the pane than it must. */
function held(view: View, picture: Size, pane: Size): View {
  const scale = fitScale(picture, pane, view.turn) * view.zoom;
  const [across, down] = view.turn % 180 ? [pane.height, pane.width] : [pane.width, pane.height];
  return {
    ...view,
    x: between(view.x, across / scale / picture.width / 2),
    y: between(view.y, down / scale / picture.height / 2),
  };
}

function between(at: number, half: number): number {
  return half >= 0.5 ? 0.5 : Math.max(half, Math.min(1 - half, at));
}

function unit(turn: Turn): [number, number] {
  const units: Record<Turn, [number, number]> = { 0: [1, 0], 90: [0, 1], 180: [-1, 0], 270: [0, -1] };
  return units[turn];
}

/** Side by side is what eyes compare best: other ways are taken where they make pictures larger by so much. */
const WORTH = 1.3;

/** How many columns show so many pictures well; `ratio` is their height by their width. */
export function bestColumns(count: number, pane: Size, ratio: number): number {
  const width = (columns: number) => Math.min(pane.width / columns, pane.height / Math.ceil(count / columns) / ratio);
  let best = count;
  for (let columns = count - 1; columns >= 1; columns--) {
    if (width(columns) > width(best) * (best === count ? WORTH : 1.05)) best = columns;
  }
  return best;
}
