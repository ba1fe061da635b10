/** The next row without a tag. The service knows of all rows; what is on its way from here it does not know yet. */

import type { Page } from "../common/http";
import { type Filter, parametersOf } from "./filter";
import { DATASETS, type Row } from "./model";
import type { Work } from "./work";

const LOOK = 200;

/** From the row after `row` on, then from the beginning; null where every row carries a tag. */
export async function nextUntagged(work: Work, row: number, filter: Filter): Promise<number | null> {
  return (await search(work, row + 1, filter)) ?? (await search(work, 0, filter));
}

async function search(work: Work, from: number, filter: Filter): Promise<number | null> {
  const wanted = parametersOf({ ...filter, untagged: true });
  for (let start: number | null = from; start !== null; ) {
    wanted.set("from", String(start));
    wanted.set("limit", String(LOOK));
    const mark = work.labels.mark();
    const page: Page<Row> = await work.http.get(`${DATASETS}/${work.id}/rows?${wanted}`);
    work.learn(page.items, mark);
    const found = page.items.find((row) => !work.labels.of(row.index)?.size);
    if (found) return found.index;
    const last = page.items.at(-1);
    start = page.next_cursor !== null && last ? last.index + 1 : null;
  }
  return null;
}
