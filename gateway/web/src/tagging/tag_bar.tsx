/** The tags with their keys: what the frame, or all that is selected, carries; a press labels. */

import { Kbd } from "../common/key_help";
import type { Tags } from "./labels";
import type { Dataset } from "./model";

interface Props {
  dataset: Dataset;
  disabled: boolean;
  /** Tags of the rows that a press would label; undefined for those that are not known yet. */
  rows: readonly (Tags | undefined)[];
  noneKey: string;
  press(code: string): void;
  none(): void;
  /** What is labelled, in words. */
  target: string;
}

export function TagBar({ dataset, disabled, rows, noneKey, press, none, target }: Props) {
  return (
    <div class="tg-tags" role="group" aria-label={`Tags of ${target}`}>
      {dataset.tags.map((tag) => {
        const carrying = rows.filter((tags) => tags?.has(String(tag.code))).length;
        const state = carrying === 0 ? "false" : carrying === rows.length ? "true" : "mixed";
        return (
          <button key={tag.code} class="tg-tag" disabled={disabled} aria-pressed={state} onClick={() => press(String(tag.code))}>
            {tag.key && <Kbd name={tag.key.toLowerCase()} />}
            <span>{tag.alias}</span>
            <span class="quiet tg-count" title={`${dataset.counts[tag.code] ?? 0} rows carry it`}>
              {(dataset.counts[tag.code] ?? 0).toLocaleString()}
            </span>
          </button>
        );
      })}
      <button class="tg-tag none" disabled={disabled} aria-pressed={rows.length > 0 && rows.every((tags) => tags?.size === 0) ? "true" : "false"} onClick={none}>
        <Kbd name={noneKey} />
        <span>none</span>
      </button>
    </div>
  );
}
