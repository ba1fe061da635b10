"""Labels on single rows: the same rules as labelling.py has for many, without arrays in between.

Labels of one dataset that wait together are one write: what they change is read once and written once.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from services.tagging import label_repository
from services.tagging.bits import BLOCK, OneRow
from services.tagging.datasets import RowNotFound
from services.tagging.edits import tag_edit
from services.tagging.flips import pack_few
from services.tagging.label_repository import Line, OpenRows
from shared.contracts.tagging import Change, Labelled
from shared.database import Connection, whole
from shared.database.types import now
from shared.errors import DarkroomError, PreconditionFailed
from shared.events import EventLog

LAST_ROW = 2**31 - 1  # what the column of a block's number can be asked for on every database


@dataclass(frozen=True, slots=True)
class OneLabel:
    """What somebody wants of a row. `matching` says whether its version is the wanted one."""

    index: int
    change: Change
    matching: Callable[[int], bool] | None
    by: str


Said = list[Labelled | DarkroomError]


def change_together(
    connection: Connection,
    log: EventLog,
    dataset_id: int,
    wanted: Sequence[OneLabel],
    known: OpenRows | None,
) -> tuple[Said, OpenRows] | None:
    """Each row after its change, in their order, or why there was none: RowNotFound, UnknownTag,
    SingleSelection, PreconditionFailed; and the rows as they are now. None where the dataset is not ready,
    or a block of it not there.

    `known` is what was there when the last labels were written, and is not read again if it still is.
    """
    numbers = {label.index // BLOCK for label in wanted if label.index <= LAST_ROW}
    if known is not None and numbers <= known.blocks.keys():
        said = [_try(known, label) for label in wanted]
        # without a line there is nothing to write that would tell that it still is
        if known.lines and _store(connection, log, known, said):
            return _answers(said), known.as_written()
    with whole(connection):
        rows = label_repository.find(connection, dataset_id, sorted(numbers))
        if rows is None or rows.state != "ready":
            return None
        if any(number * BLOCK < rows.rows for number in numbers - rows.blocks.keys()):
            return None
        if known is not None:
            rows.join(known)
        said = [_try(rows, label) for label in wanted]
        if rows.lines and not _store(connection, log, rows, said):
            return None
    return _answers(said), rows.as_written()


@dataclass(frozen=True, slots=True)
class _Made:
    """A row after its change, if there was one."""

    labelled: Labelled
    changed: bool


def _store(
    connection: Connection,
    log: EventLog,
    rows: OpenRows,
    said: Sequence[_Made | DarkroomError],
) -> bool:
    ids = label_repository.store(connection, log, rows)
    if ids is None:
        return False
    for one in said:
        if isinstance(one, _Made) and one.changed:
            one.labelled.change = ids[one.labelled.revision]
    return True


def _answers(said: Sequence[_Made | DarkroomError]) -> Said:
    return [one.labelled if isinstance(one, _Made) else one for one in said]


def _try(rows: OpenRows, label: OneLabel) -> _Made | DarkroomError:
    try:
        return _change(rows, label)
    except DarkroomError as error:
        return error


def _change(rows: OpenRows, label: OneLabel) -> _Made:
    index, number = label.index, label.index // BLOCK
    if index >= rows.rows:
        raise RowNotFound(f"rows go from 0 to {rows.rows - 1}")
    one = OneRow(*rows.blocks[number], index % BLOCK)
    if label.matching is not None and not label.matching(one.version):
        raise PreconditionFailed("the row's tags have changed meanwhile")
    before = one.tags
    edit = tag_edit(label.change, rows.codes, multiple=rows.multiple_selection)
    turned = one.change(edit.one(before))
    if turned:
        line = _line(rows, index, one.tags, turned, label.by)
        rows.put(number, one.packed(), line, tagged=any(one.tags) - any(before))
        for tag in turned:
            rows.counts[tag] += 1 if one.tags[tag] else -1
    tags = dict(zip(rows.codes, one.tags, strict=True))
    labelled = Labelled(index=index, tags=tags, version=one.version, revision=rows.revision, change=None)
    return _Made(labelled, bool(turned))


def _line(rows: OpenRows, index: int, tags: Sequence[bool], turned: Sequence[int], by: str) -> Line:
    summary = {
        "first": index,
        "last": index,
        "rows": 1,
        "cells": len(turned),
        "tags": {rows.codes[tag]: {"true": int(tags[tag]), "false": int(not tags[tag])} for tag in turned},
    }
    cells = [index * len(tags) + tag for tag in turned]
    flips = pack_few(len(tags), cells, [tags[tag] for tag in turned])
    revision = rows.revision + 1
    told = {"dataset": rows.dataset_id, "revision": revision, "change": None, "kind": "tag", "by": by}
    changes = {"changes": _changes(rows, index, tags, turned)}
    return Line(revision, by, now(), json.dumps(summary), flips, {**told, **changes})


def _changes(rows: OpenRows, index: int, tags: Sequence[bool], turned: Sequence[int]) -> list[dict[str, Any]]:
    """As the event of many rows tells it: by tag, and what became true first."""
    runs = {"runs": [[index, index]]}
    return [{"tag": rows.codes[tag], "value": tags[tag], "rows": runs} for tag in turned]
