"""One label on one row: the same rules as labelling.py has for many, without arrays in between."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from services.tagging import label_repository
from services.tagging.bits import BLOCK, OneRow
from services.tagging.edits import tag_edit
from services.tagging.flips import pack_few
from services.tagging.label_repository import LabelRow, Line
from shared.contracts.tagging import Change, Labelled
from shared.database import Connection
from shared.database.types import now
from shared.errors import PreconditionFailed
from shared.events import EventLog

LAST_ROW = 2**31 - 1  # what the column of a block's number can be asked for on every database


def change_one(
    connection: Connection,
    log: EventLog,
    dataset_id: int,
    index: int,
    change: Change,
    matching: Callable[[int], bool] | None,
    by: str,
) -> Labelled | None:
    """The row after the change; None where the dataset is not ready or has no such row.

    Raises UnknownTag, SingleSelection, PreconditionFailed.
    """
    row = None if index > LAST_ROW else label_repository.find(connection, dataset_id, index // BLOCK)
    if row is None or row.state != "ready" or index >= row.rows:
        return None
    one = OneRow(row.bits, row.versions, index % BLOCK)
    if matching is not None and not matching(one.version):
        raise PreconditionFailed("the row's tags have changed meanwhile")
    was_tagged = any(one.tags)
    edit = tag_edit(change, row.codes, multiple=row.multiple_selection)
    turned = one.change(edit.one(one.tags))
    revision, change_id = row.revision, None
    if turned:
        counts = list(row.counts)
        for tag in turned:
            counts[tag] += 1 if one.tags[tag] else -1
        revision += 1
        change_id = label_repository.store(
            connection,
            dataset_id,
            row,
            _line(row, index, one.tags, turned, by),
            block=index // BLOCK,
            packed=one.packed(),
            tagged=row.tagged + any(one.tags) - was_tagged,
            counts=counts,
        )
        told = _told(row, index, one.tags, turned)
        facts = {"dataset": dataset_id, "revision": revision, "change": change_id, "kind": "tag", "by": by}
        log.append(connection, "dataset.tagged", f"datasets/{dataset_id}", {**facts, "changes": told})
    tags = dict(zip(row.codes, one.tags, strict=True))
    return Labelled(index=index, tags=tags, version=one.version, revision=revision, change=change_id)


def _line(row: LabelRow, index: int, tags: Sequence[bool], turned: Sequence[int], by: str) -> Line:
    summary = {
        "first": index,
        "last": index,
        "rows": 1,
        "cells": len(turned),
        "tags": {row.codes[tag]: {"true": int(tags[tag]), "false": int(not tags[tag])} for tag in turned},
    }
    cells = [index * len(tags) + tag for tag in turned]
    flips = pack_few(len(tags), cells, [tags[tag] for tag in turned])
    return Line(by, now(), json.dumps(summary), flips)


def _told(row: LabelRow, index: int, tags: Sequence[bool], turned: Sequence[int]) -> list[dict[str, Any]]:
    """As the event of many rows tells it: by tag, and what became true first."""
    rows = {"runs": [[index, index]]}
    return [{"tag": row.codes[tag], "value": tags[tag], "rows": rows} for tag in turned]
