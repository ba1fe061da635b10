/** A chart by uPlot, drawn in the page's colours; gaps are marked over the bars. */

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { coloursOf, onColours } from "../common/colours";
import { type Columns, spanOf } from "./plots";

interface Props {
  title: string;
  unit: string;
  columns: Columns;
  /** Seconds from one bar to the next. */
  step: number;
  gaps?: readonly [number, number][];
}

const HEIGHT = 220;
const utc = (seconds: number) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC");

export function Chart({ title, unit, columns, step, gaps = [] }: Props) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const here = place.current;
    if (!here) return;
    let colours = coloursOf(here, "quiet", "line", "accent", "danger");
    const line = () => colours.line;
    const accent = () => colours.accent;
    const axis = { stroke: () => colours.quiet, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
    const bars = uPlot.paths.bars?.({ size: [0.92], align: 1 });
    const plot = new uPlot(
      {
        width: Math.max(here.clientWidth, 280),
        height: HEIGHT,
        tzDate: utc,
        legend: { show: false },
        scales: { x: { time: true, range: () => spanOf(columns[0], step, gaps) }, y: { range: (_plot, _least, most) => [0, (most || 1) * 1.1] } },
        axes: [{ ...axis, values: (_plot, times) => times.map(hours) }, { ...axis, size: 60 }],
        series: [{}, { label: `${title}, ${unit}`, stroke: accent, fill: accent, ...(bars ? { paths: bars } : {}), points: { show: false } }],
        hooks: { draw: [(drawn) => mark(drawn, gaps, colours.danger)] },
      },
      columns as uPlot.AlignedData,
      here,
    );
    const watch = new ResizeObserver(() => plot.setSize({ width: Math.max(here.clientWidth, 280), height: HEIGHT }));
    watch.observe(here);
    const settle = onColours(() => {
      colours = coloursOf(here, "quiet", "line", "accent", "danger");
      plot.redraw();
    });
    return () => {
      settle();
      watch.disconnect();
      plot.destroy();
    };
  }, [columns, gaps, step, title, unit]);
  return (
    <figure class="cam-chart">
      <figcaption>
        {title}, {unit}
        {gaps.length > 0 && <span class="cam-gap-key">not recorded</span>}
      </figcaption>
      <div ref={place} aria-hidden="true" />
    </figure>
  );
}

function hours(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(11, 16);
}

function mark(plot: uPlot, gaps: readonly [number, number][], colour: string): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.fillStyle = colour;
  ctx.globalAlpha = 0.35;
  for (const [from, to] of gaps) {
    const left = Math.max(plot.valToPos(from, "x", true), bbox.left);
    const right = Math.min(plot.valToPos(to, "x", true), bbox.left + bbox.width);
    if (right > left) ctx.fillRect(left, bbox.top, Math.max(right - left, 1), bbox.height);
  }
  ctx.restore();
}
