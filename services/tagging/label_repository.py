"""All SQL on the path of one label, which annotators wait for: few statements, prepared."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import cast

from sqlalchemy import Connection, Text, and_, bindparam, insert, select, update

from services.tagging.repository import tags_from_json
from services.tagging.tables import blocks, changes, datasets
from shared.database.prepared import Prepared
from shared.database.types import microseconds

_FIND = Prepared(
    select(
        datasets.c.state,
        datasets.c.rows,
        datasets.c.revision,
        datasets.c.tags,
        datasets.c.multiple_selection,
        datasets.c.tagged,
        datasets.c.counts,
        datasets.c.content_id,
        blocks.c.bits,
        blocks.c.versions,
    )
    .join_from(
        datasets,
        blocks,
        and_(blocks.c.content_id == datasets.c.content_id, blocks.c.block == bindparam("block")),
    )
    .where(datasets.c.id == bindparam("dataset_id"))
    .with_for_update()
)
_LINE = ("dataset_id", "revision", "kind", "by", "at", "summary", "flips")
_count = (
    update(datasets)
    .where(datasets.c.id == bindparam("dataset_id"))
    .values(
        revision=bindparam("revision"),
        tagged=bindparam("tagged_rows"),
        counts=bindparam("of_tags", type_=Text),
    )
)
_store = (
    update(blocks)
    .where(blocks.c.content_id == bindparam("of_content"), blocks.c.block == bindparam("number"))
    .values(revision=bindparam("revision"), bits=bindparam("new_bits"), versions=bindparam("new_versions"))
)
_remember = insert(changes).values({name: bindparam(name) for name in _LINE}).returning(changes.c.id)
_COUNT, _STORE, _REMEMBER = Prepared(_count), Prepared(_store), Prepared(_remember)
# PostgreSQL takes the three as one statement: each by itself costs as much as its work to send and answer.
_ALL = Prepared(_remember.add_cte(_count.cte("counted"), _store.cte("stored")))


@dataclass(frozen=True, slots=True)
class LabelRow:
    """What a label needs to know of its dataset and its block."""

    state: str
    rows: int
    revision: int
    codes: tuple[str, ...]
    multiple_selection: bool
    tagged: int
    counts: list[int]
    content_id: str
    bits: bytes
    versions: bytes


def find(connection: Connection, dataset_id: int, block: int) -> LabelRow | None:
    """The dataset and one of its blocks, locked until the transaction ends; None where that is not there."""
    found = _FIND.run(connection, {"dataset_id": dataset_id, "block": block}).fetchone()
    if found is None:
        return None
    state, rows, revision, tags, multiple, tagged, counts, content_id, bits, versions = found
    return LabelRow(
        state,
        rows,
        revision,
        codes_of(tags),
        bool(multiple),
        tagged,
        json.loads(counts),
        content_id,
        bits,
        versions,
    )


@lru_cache(1000)
def codes_of(tags: str) -> tuple[str, ...]:
    """The codes of a dataset's tags, as its row has them."""
    return tuple(str(tag.code) for tag in tags_from_json(tags))


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the history: who did what, when, and the cells that turned over."""

    by: str
    at: datetime
    summary: str
    flips: bytes


def store(
    connection: Connection,
    dataset_id: int,
    row: LabelRow,
    line: Line,
    *,
    block: int,
    packed: tuple[bytes, bytes],
    tagged: int,
    counts: Sequence[int],
) -> int:
    """Write the block, what its dataset counts and the line, as the next revision; returns the line's id."""
    values = {
        "dataset_id": dataset_id,
        "revision": row.revision + 1,
        "tagged_rows": tagged,
        "of_tags": json.dumps(counts),
        "of_content": row.content_id,
        "number": block,
        "new_bits": packed[0],
        "new_versions": packed[1],
        "kind": "tag",
        "by": line.by,
        "at": microseconds(line.at),
        "summary": line.summary,
        "flips": line.flips,
    }
    if connection.dialect.name == "postgresql":
        return cast("int", _ALL.run(connection, values).fetchone()[0])
    _COUNT.run(connection, values)
    _STORE.run(connection, values)
    return cast("int", _REMEMBER.run(connection, values).fetchone()[0])
