"""All SQL on the path of one label, which annotators wait for: five statements, prepared."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import cast

from sqlalchemy import Connection, and_, bindparam, insert, select, update

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
_COUNT = Prepared(
    update(datasets)
    .where(datasets.c.id == bindparam("dataset_id"))
    .values(revision=bindparam("at"), tagged=bindparam("tagged_rows"), counts=bindparam("of_tags"))
)
_STORE = Prepared(
    update(blocks)
    .where(blocks.c.content_id == bindparam("of_content"), blocks.c.block == bindparam("number"))
    .values(revision=bindparam("at"), bits=bindparam("new_bits"), versions=bindparam("new_versions"))
)
_REMEMBER = Prepared(
    insert(changes)
    .values(
        {name: bindparam(name) for name in ("dataset_id", "revision", "kind", "by", "at", "summary", "flips")}
    )
    .returning(changes.c.id)
)


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


def store(
    connection: Connection,
    dataset_id: int,
    row: LabelRow,
    *,
    block: int,
    packed: tuple[bytes, bytes],
    tagged: int,
    counts: Sequence[int],
) -> int:
    """Write the block and what its dataset counts; returns the new revision."""
    revision = row.revision + 1
    text = json.dumps(counts)
    _COUNT.run(connection, {"dataset_id": dataset_id, "at": revision, "tagged_rows": tagged, "of_tags": text})
    _STORE.run(
        connection,
        {
            "of_content": row.content_id,
            "number": block,
            "at": revision,
            "new_bits": packed[0],
            "new_versions": packed[1],
        },
    )
    return revision


def remember(
    connection: Connection,
    dataset_id: int,
    *,
    revision: int,
    by: str,
    at: datetime,
    summary: str,
    flips: bytes,
) -> int:
    """A line of the history; returns its id."""
    values = {
        "dataset_id": dataset_id,
        "revision": revision,
        "kind": "tag",
        "by": by,
        "at": microseconds(at),
        "summary": summary,
        "flips": flips,
    }
    return cast("int", _REMEMBER.run(connection, values).fetchone()[0])
