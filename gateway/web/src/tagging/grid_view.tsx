/** Many pictures at once: selected by click, reach and keys, labelled together. */

import { useCallback, useRef } from "preact/hooks";
import { useShell } from "../common/shell";
import { useStore } from "../common/store";
import { Empty } from "../common/states";
import { type TileProps, VirtualGrid } from "../common/virtual_grid";
import { Chips } from "./frame_view";
import { type Runs, imagePath } from "./model";
import { everything, holds, reached, toggled } from "./selection";
import type { Matches } from "./use_matches";
import type { Work } from "./work";

interface Props {
  work: Work;
  matches: Matches;
  selected: Runs;
  setSelected(runs: Runs): void;
  alias(code: string): string;
  open(row: number): void;
  start: number;
}

const EDGE = 320;
const SELECT_HELP = "Space selects, Shift with a click reaches, Ctrl A takes all, Enter opens";

export function GridView({ work, matches, selected, setSelected, alias, open, start }: Props) {
  const { failed } = useShell();
  useStore(work.turn);
  const anchor = useRef<number | null>(null);
  const { rows } = matches;
  const count = rows ? rows.length : work.frames.rows;
  const rowAt = (item: number) => (rows ? rows[item] : item) ?? 0;
  const seen = useCallback(
    (first: number, last: number) => {
      if (!rows) void work.rowsBetween(first, last - 1).catch(failed);
    },
    [work, rows, failed],
  );
  const pick = (item: number, reach: boolean) => {
    if (reach && anchor.current !== null) return setSelected(reached(selected, anchor.current, item, rowAt));
    anchor.current = item;
    setSelected(toggled(selected, rowAt(item)));
  };
  const keyed = (event: KeyboardEvent, item: number) => {
    if (event.key === " ") pick(item, event.shiftKey);
    else if (event.key === "a" && (event.ctrlKey || event.metaKey)) setSelected(everything(count, rows));
    else if (event.key === "Enter") open(rowAt(item));
    else return;
    event.preventDefault();
  };
  if (!count) return matches.loading ? <Empty title="Reading …" /> : <Empty title="Nothing fits this filter" />;
  const tile = (item: number, props: TileProps) => {
    const row = rowAt(item);
    const facts = work.factsOf(row);
    const on = holds(selected, row);
    const tags = [...(work.labels.of(row) ?? [])].map(alias).join(", ");
    return (
      <button
        {...props}
        class={on ? "tg-tile selected" : "tg-tile"}
        aria-pressed={on}
        aria-label={`Row ${row + 1}${facts?.camera ? `, ${facts.camera}` : ""}, ${tags || "no tag"}`}
        onClick={(event) => pick(item, event.shiftKey)}
        onDblClick={() => open(row)}
      >
        <img src={imagePath(work.id, row, EDGE)} alt="" loading="lazy" decoding="async" draggable={false} onError={(event) => event.currentTarget.classList.add("broken")} />
        <span class="tg-tile-words">
          <span class="quiet">{row + 1}{facts?.camera ? ` · ${facts.camera}` : ""}</span>
          <Chips labels={work.labels} row={row} alias={alias} />
        </span>
      </button>
    );
  };
  const number = selected.reduce((sum, [a, b]) => sum + b - a + 1, 0);
  return (
    <div class="tg-grid">
      <p class="row tg-grid-head">
        <strong role="status">{number ? `${number.toLocaleString()} selected` : `${count.toLocaleString()} pictures`}</strong>
        <button onClick={() => setSelected(everything(count, rows))}>Select all</button>
        <button disabled={!number} onClick={() => setSelected([])}>
          Select nothing
        </button>
        <span class="quiet tg-hint">{SELECT_HELP}</span>
      </p>
      <VirtualGrid
        count={count}
        label="Pictures"
        least={170}
        gap={10}
        ratio={9 / 16}
        extra={30}
        tile={tile}
        seen={seen}
        keyed={keyed}
        busy={matches.loading}
        start={rows ? 0 : start}
      />
    </div>
  );
}
