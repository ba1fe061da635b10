"""Labels: set, undone, done again; one transaction a call, with its history and its event inside."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from services.tagging import block_repository, history_repository, others, repository
from services.tagging.bits import BLOCK, pack, pack_versions, unpack, unpack_versions
from services.tagging.block_repository import BlockRow
from services.tagging.columns import ColumnCache
from services.tagging.datasets import RowNotFound, need_ready
from services.tagging.edits import UNCHANGED, Applied, Edit, FlipEdit, OpenBlock, apply, tag_edit
from services.tagging.flips import Flips, flips_from_bytes, rows_as_json
from services.tagging.label_repository import OpenRows
from services.tagging.one_label import OneLabel, Said, change_together
from services.tagging.repository import DatasetRow
from services.tagging.selection import resolve, select
from shared.contracts.tagging import Change, Changed, Labelled, MassChange, RowFilter
from shared.database import Connection, Database, whole
from shared.database.types import now
from shared.errors import Conflict, Unprocessable
from shared.events import EventLog

T = TypeVar("T")
RowNumbers = NDArray[np.int64]


class NothingToUndo(Conflict):
    """The caller has made no change that could be undone, or undone none that could be done again."""

    code = "nothing_to_undo"
    title = "There is nothing to undo or redo"


@dataclass(frozen=True, slots=True)
class Done:
    """A change that was made: its revision, its id in the history, the cells that turned over."""

    revision: int
    change: int | None
    flips: Flips | None


class Labels:
    """Changes of tags. Every call is for `by`, the name of the caller's key."""

    def __init__(
        self,
        database: Database,
        log: EventLog,
        columns: ColumnCache,
        on_change: Callable[[int, int], None] = lambda _dataset, _revision: None,
    ) -> None:
        """`on_change` is called with dataset and revision on the event loop after each change."""
        self._database = database
        self._log = log
        self._columns = columns
        self._on_change = on_change

    async def change_row(
        self, dataset_id: int, index: int, change: Change, matching: Callable[[int], bool] | None, by: str
    ) -> Labelled:
        """Change one row's tags. `matching` says whether its version is the wanted one.

        Raises DatasetNotFound, RowNotFound, UnknownTag, SingleSelection, PreconditionFailed.
        """

        def work(
            connection: Connection, wanted: Sequence[OneLabel], known: OpenRows | None
        ) -> tuple[Said, OpenRows | None]:
            done = change_together(connection, self._log, dataset_id, wanted, known)
            if done is None:
                # PostgreSQL: who waited here for another replica's merge looked for a block of before it.
                with whole(connection):
                    row = need_ready(repository.find(connection, dataset_id, lock=True))
                    done = change_together(connection, self._log, dataset_id, wanted, None)
            return done or ([RowNotFound(f"rows go from 0 to {row.rows - 1}") for _ in wanted], None)

        label = OneLabel(index, change, matching, by)
        done = await self._database.write_together(("label", dataset_id), label, work)
        self._note(dataset_id, done)
        return done

    async def change_rows(self, dataset_id: int, wanted: MassChange, by: str) -> Changed:
        """Change many rows at once. Raises as `change_row` does."""
        if wanted.rows.filter is not None and wanted.rows.filter.q is not None:
            await self._database.read(  # the paths come into memory here, and not while others wait to write
                lambda c: self._columns.find(c, repository.find(c, dataset_id)) and None
            )

        def work(connection: Connection) -> Changed:
            row = need_ready(repository.find(connection, dataset_id, lock=True))
            edit = tag_edit(wanted, row.codes, multiple=row.multiple_selection)
            if wanted.rows.filter is not None:
                chosen = self._filtered(connection, row, wanted.rows.filter)
            else:
                rows = _listed(row, wanted.rows.range, wanted.rows.indices)
                chosen = _by_block(_open_blocks(connection, row, rows), rows)
            done = self._edit(connection, row, edit, chosen, by)
            return _changed(done, sum(len(rows) for _, rows in chosen))

        return await self._write(dataset_id, work)

    async def undo(self, dataset_id: int, by: str) -> Changed:
        """Reverse the caller's newest change, cells that others have changed since apart."""
        return await self._reverse(dataset_id, by, "undo")

    async def redo(self, dataset_id: int, by: str) -> Changed:
        """Make the change again that the caller undid last, unless they have made another one since."""
        return await self._reverse(dataset_id, by, "redo")

    async def _reverse(self, dataset_id: int, by: str, kind: str) -> Changed:
        find = history_repository.undoable if kind == "undo" else history_repository.redoable
        _, early = await self._database.read(  # here, and not while others wait to write
            lambda c: others.look(c, dataset_id, by, find)
        )

        def work(connection: Connection) -> Changed:
            row = need_ready(repository.find(connection, dataset_id, lock=True))
            change, since = others.look(connection, dataset_id, by, find, early)
            if change is None or since is None:
                raise NothingToUndo(f"there is no change of {by} to {kind}")
            flips = flips_from_bytes(history_repository.flips_of(connection, change.id)).without(since.cells)
            wanted = flips.reversed() if kind == "undo" else flips
            rows = wanted.rows
            chosen = _by_block(_open_blocks(connection, row, rows), rows)
            edit = FlipEdit(wanted, single=not row.multiple_selection)
            done = self._edit(connection, row, edit, chosen, by, kind=kind, of=change.id)
            history_repository.mark(connection, change.id, done.revision if kind == "undo" else None)
            return _changed(done, len(rows))

        return await self._write(dataset_id, work)

    async def _write(self, dataset_id: int, work: Callable[[Connection], T]) -> T:
        done = await self._database.write(work)
        assert isinstance(done, Changed)
        self._note(dataset_id, done)
        return done

    def _note(self, dataset_id: int, done: Labelled | Changed) -> None:
        if done.change is not None:
            self._on_change(dataset_id, done.revision)

    def _filtered(
        self, connection: Connection, row: DatasetRow, wanted: RowFilter
    ) -> list[tuple[OpenBlock, RowNumbers]]:
        """The rows that fit, by what the transaction itself sees."""
        everything = np.arange(0, row.rows, BLOCK, dtype=np.int64)
        opened = _open_blocks(connection, row, everything)
        if not opened:
            return []
        values = np.concatenate([block.bits for block in opened], axis=1)
        columns = self._columns.find(connection, row)
        found = list(select(columns, resolve(wanted, row, columns), values=values))
        rows = np.concatenate(found) if found else np.empty(0, np.int64)
        return _by_block(opened, rows)

    def _edit(
        self,
        connection: Connection,
        row: DatasetRow,
        edit: Edit,
        chosen: Sequence[tuple[OpenBlock, RowNumbers]],
        by: str,
        *,
        kind: str = "tag",
        of: int | None = None,
    ) -> Done:
        """Change the rows, and write blocks, revision, history and event. An undo is, even if empty."""
        parts = [apply(edit, block, rows) for block, rows in chosen]
        flips = _joined(row, parts)
        if len(flips.cells) == 0 and of is None:
            return Done(row.revision, None, None)
        groups = flips.by_tag()
        rows = flips.rows
        revision = row.revision + 1
        tagged = row.tagged + sum(part.tagged for part in parts)
        _store(
            connection, row, {"revision": revision, "tagged": tagged, "counts": _counts(row, groups)}, chosen
        )
        change = history_repository.add(
            connection,
            {
                "dataset_id": row.id,
                "revision": revision,
                "kind": kind,
                "by": by,
                "at": now(),
                "summary": json.dumps(_summary(row, rows, groups, len(flips.cells))),
                "flips": flips.to_bytes(),
                "of": of,
            },
        )
        self._tell(connection, row, {"revision": revision, "change": change, "kind": kind, "by": by}, groups)
        return Done(revision, change, flips)

    def _tell(
        self,
        connection: Connection,
        row: DatasetRow,
        facts: dict[str, Any],
        groups: Iterable[tuple[int, bool, RowNumbers]],
    ) -> None:
        """The event holds every cell that turned over: who has the rows needs to ask for nothing."""
        told = [
            {"tag": row.codes[tag], "value": value, "rows": rows_as_json(rows)} for tag, value, rows in groups
        ]
        self._log.append(
            connection, "dataset.tagged", f"datasets/{row.id}", {"dataset": row.id, **facts, "changes": told}
        )


def _changed(done: Done, selected: int) -> Changed:
    turned = 0 if done.flips is None else len(done.flips.rows)
    return Changed(revision=done.revision, change=done.change, rows=selected, rows_changed=turned)


def _summary(
    row: DatasetRow, rows: RowNumbers, groups: Iterable[tuple[int, bool, RowNumbers]], cells: int
) -> dict[str, Any]:
    tags: dict[str, dict[str, int]] = {}
    for tag, value, turned in groups:
        counts = tags.setdefault(row.codes[tag], {"true": 0, "false": 0})
        counts["true" if value else "false"] = len(turned)
    first, last = (int(rows[0]), int(rows[-1])) if len(rows) else (0, 0)
    return {"first": first, "last": last, "rows": len(rows), "cells": cells, "tags": tags}


def _joined(row: DatasetRow, parts: Sequence[Applied]) -> Flips:
    if not parts:
        return Flips(len(row.tags), UNCHANGED.cells, UNCHANGED.values)
    cells = np.concatenate([part.cells for part in parts])
    return Flips(len(row.tags), cells, np.concatenate([part.values for part in parts]))


def _counts(row: DatasetRow, groups: Iterable[tuple[int, bool, RowNumbers]]) -> str:
    counts = list(row.counts)
    for tag, value, turned in groups:
        counts[tag] += len(turned) if value else -len(turned)
    return json.dumps(counts)


def _store(
    connection: Connection,
    row: DatasetRow,
    values: dict[str, Any],
    chosen: Sequence[tuple[OpenBlock, RowNumbers]],
) -> None:
    repository.change(connection, row.id, values)
    packed = [
        BlockRow(each.number, pack(each.bits), pack_versions(each.versions))
        for each, _ in chosen
        if each.touched
    ]
    if packed:
        block_repository.write_blocks(connection, row.content_id, values["revision"], packed)


def _open_blocks(connection: Connection, row: DatasetRow, rows: RowNumbers) -> list[OpenBlock]:
    numbers = np.unique(rows // BLOCK).tolist()
    found = block_repository.read_blocks(connection, row.content_id, numbers)
    return [_opened(each, row) for each in found]


def _opened(found: BlockRow, row: DatasetRow) -> OpenBlock:
    return OpenBlock(found.block, unpack(found.bits, len(row.tags)), unpack_versions(found.versions))


def _by_block(opened: Sequence[OpenBlock], rows: RowNumbers) -> list[tuple[OpenBlock, RowNumbers]]:
    """Each block with those of the sorted rows that lie in it; blocks without any are left out."""
    starts = np.searchsorted(rows, [block.number * BLOCK for block in opened])
    ends = np.searchsorted(rows, [(block.number + 1) * BLOCK for block in opened])
    return [
        (block, rows[start:end])
        for block, start, end in zip(opened, starts, ends, strict=True)
        if end > start
    ]


def _listed(row: DatasetRow, span: tuple[int, int] | None, indices: Sequence[int] | None) -> RowNumbers:
    """The rows of a range or a list, sorted, each once. Raises RowNotFound, Unprocessable."""
    if span is not None and span[0] > span[1]:
        raise Unprocessable("a range goes from its first row to its last", code="invalid_range")
    highest = span[1] if span is not None else max(indices or [-1])
    if highest >= row.rows:
        raise RowNotFound(f"rows go from 0 to {row.rows - 1}")
    if span is not None:
        return np.arange(span[0], span[1] + 1, dtype=np.int64)
    return np.unique(np.array(indices or [], np.int64))
