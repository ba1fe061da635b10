/** Figures of a card as columns for a chart. Pure. */

import type { Gap, QualityItem, UsageItem } from "./model";

/** A local time of the card as seconds, as if it were UTC: charts then show the camera's own clock. */
export function at(local: string): number {
  return Date.parse(`${local.replace(/(\.\d+)?$/, "")}Z`) / 1000;
}

export type Columns = [number[], ...(number | null)[][]];

export function usageColumns(items: readonly UsageItem[]): Columns {
  return [items.map((item) => at(item.start_local)), items.map((item) => item.size / 1e6)];
}

export function qualityColumns(items: readonly QualityItem[], figure: "mean_kbps" | "mean_fps" | "mean_duration"): Columns {
  return [items.map((item) => at(item.start_local)), items.map((item) => item[figure])];
}

/** The span of the chart's seconds that has every bar and every gap in it. */
export function spanOf(times: readonly number[], step: number, gaps: readonly [number, number][]): [number, number] {
  const begins = [...times, ...gaps.map(([from]) => from)];
  const ends = [...times.map((time) => time + step), ...gaps.map(([, to]) => to)];
  return [Math.min(...begins), Math.max(...ends)];
}

/** Begin and end of each gap, in the chart's seconds. */
export function gapSpans(gaps: readonly Gap[]): [number, number][] {
  return gaps.map((gap) => [at(gap.start_local), at(gap.end_local)]);
}
