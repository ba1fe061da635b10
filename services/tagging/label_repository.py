"""All SQL on the path of labels on single rows, which annotators wait for: few statements, prepared."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Connection, Select, Text, and_, bindparam, insert, select, text, update

from services.tagging.repository import tags_from_json
from services.tagging.tables import blocks, changes, datasets
from shared.database.prepared import Prepared
from shared.database.types import microseconds
from shared.events import EventLog


def _find(which: str) -> Select[tuple[object, ...]]:
    """The dataset with each of its blocks that fits, locked until the transaction ends."""
    return (
        select(
            datasets.c.state,
            datasets.c.rows,
            datasets.c.revision,
            datasets.c.tags,
            datasets.c.multiple_selection,
            datasets.c.tagged,
            datasets.c.counts,
            datasets.c.content_id,
            blocks.c.block,
            blocks.c.bits,
            blocks.c.versions,
        )
        .join_from(datasets, blocks, and_(blocks.c.content_id == datasets.c.content_id, text(which)))
        .where(datasets.c.id == bindparam("dataset_id"))
        .with_for_update()
    )


_FIND_ONE = Prepared(_find("blocks.block = :block"))
_FIND = Prepared(_find("blocks.block = ANY(CAST(:blocks AS int[]))"))

_LINE = ("dataset_id", "revision", "kind", "by", "at", "summary", "flips")
_COUNT = Prepared(
    update(datasets)
    .where(datasets.c.id == bindparam("dataset_id"))
    .values(
        revision=bindparam("revision"),
        tagged=bindparam("tagged_rows"),
        counts=bindparam("of_tags", type_=Text),
    )
)
_STORE = Prepared(
    update(blocks)
    .where(blocks.c.content_id == bindparam("of_content"), blocks.c.block == bindparam("number"))
    .values(revision=bindparam("revision"), bits=bindparam("new_bits"), versions=bindparam("new_versions"))
)
_REMEMBER = Prepared(
    insert(changes).values({name: bindparam(name) for name in _LINE}).returning(changes.c.id)
)

_LISTS = ("numbers", "bits", "versions", "who", "summaries", "flips", "told")
# PostgreSQL takes all of it as one statement: each by itself costs as much as its work to send and answer. It
# does nothing where the dataset is not as it was known, so what is known need not be read again. The lock on
# the order of events is held before any of them has its sequence, as in shared/events.py.
_ALL = Prepared(
    text(
        """
        WITH counted AS (
            UPDATE datasets SET revision = :revision, tagged = :tagged_rows, counts = :of_tags
            WHERE id = :dataset_id AND state = 'ready' AND revision = CAST(:known AS bigint)
                AND content_id = :of_content AND tags = :tags AND multiple_selection = :multiple
            RETURNING id
        ), stored AS (
            UPDATE blocks SET revision = :revision, bits = put.bits, versions = put.versions
            FROM counted, unnest(CAST(:numbers AS int[]), CAST(:bits AS bytea[]), CAST(:versions AS bytea[]))
                AS put(block, bits, versions)
            WHERE blocks.content_id = :of_content AND blocks.block = put.block
        ), remembered AS (
            INSERT INTO changes (dataset_id, revision, kind, "by", at, summary, flips)
            SELECT counted.id, CAST(:known AS bigint) + line.place, 'tag', line.who, CAST(:time AS bigint),
                line.summary, line.flips
            FROM counted, unnest(CAST(:who AS text[]), CAST(:summaries AS text[]), CAST(:flips AS bytea[]))
                WITH ORDINALITY AS line(who, summary, flips, place)
            ORDER BY line.place
            RETURNING revision, id
        ), locked AS (
            SELECT pg_advisory_xact_lock(:lock) FROM counted
        ), told AS (
            INSERT INTO events (type, subject, time, data)
            SELECT CAST(:type AS text), CAST(:subject AS text), CAST(:time AS bigint),
                replace(said.data, '"change"\\:null', '"change":' || remembered.id)
            FROM locked, remembered JOIN unnest(CAST(:told AS text[])) WITH ORDINALITY AS said(data, place)
                ON CAST(:known AS bigint) + said.place = remembered.revision
            ORDER BY said.place
        )
        SELECT revision, id FROM remembered
        """
    ),
    lists=_LISTS,
)
_compact = json.JSONEncoder(separators=(",", ":")).encode  # as the statement above looks for the change
KEPT = 128  # blocks (5 KiB each) that the next labels may find known


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the history: its revision, who did it and when, and the cells that turned over.

    `told` is the data of its event, whose `change`, the line's id, is not known yet.
    """

    revision: int
    by: str
    at: datetime
    summary: str
    flips: bytes
    told: dict[str, Any]


@dataclass(slots=True)
class OpenRows:
    """What labels need to know of their dataset and of its blocks, and what they have made of it."""

    dataset_id: int
    state: str
    rows: int
    revision: int
    tags: str
    codes: tuple[str, ...]
    multiple_selection: bool
    tagged: int
    counts: list[int]
    content_id: str
    blocks: dict[int, tuple[bytes, bytes]]
    """Bits and versions by the block's number, in the order in which they were last found or put."""
    touched: set[int] = field(default_factory=set)
    lines: list[Line] = field(default_factory=list)

    def as_written(self) -> "OpenRows":
        """The same for the next labels, now that all of it is written, with its last blocks."""
        for number in list(self.blocks)[:-KEPT]:
            del self.blocks[number]
        self.touched.clear()
        self.lines.clear()
        return self

    def join(self, known: "OpenRows") -> None:
        """Have the blocks as well that were known, unless anybody has changed the dataset since."""
        if (known.content_id, known.revision) == (self.content_id, self.revision) and not known.lines:
            self.blocks = {**known.blocks, **self.blocks}

    def put(self, number: int, packed: tuple[bytes, bytes], line: Line, *, tagged: int) -> None:
        """The block as the next revision has it, by how many rows more carry a tag."""
        self.blocks.pop(number, None)
        self.blocks[number] = packed
        self.touched.add(number)
        self.lines.append(line)
        self.revision = line.revision
        self.tagged += tagged


def find(connection: Connection, dataset_id: int, numbers: Sequence[int]) -> OpenRows | None:
    """The dataset and these of its blocks, locked until the transaction ends; None where none is there."""
    if connection.dialect.name == "postgresql":
        values = {"dataset_id": dataset_id, "blocks": list(numbers)}
        found = _FIND.run(connection, values).fetchall()
    else:
        found = [
            row
            for number in numbers
            for row in _FIND_ONE.run(connection, {"dataset_id": dataset_id, "block": number})
        ]
    if not found:
        return None
    state, rows, revision, tags, multiple, tagged, counts, content_id = found[0][:8]
    return OpenRows(
        dataset_id,
        state,
        rows,
        revision,
        tags,
        codes_of(tags),
        bool(multiple),
        tagged,
        json.loads(counts),
        content_id,
        {number: (bits, versions) for *_, number, bits, versions in found},
    )


@lru_cache(1000)
def codes_of(tags: str) -> tuple[str, ...]:
    """The codes of a dataset's tags, as its row has them."""
    return tuple(str(tag.code) for tag in tags_from_json(tags))


def store(connection: Connection, log: EventLog, rows: OpenRows) -> dict[int, int] | None:
    """Write what was put: blocks, what the dataset counts, lines, and an event of each.

    Returns each line's id by its revision; None, with nothing written, where the dataset has changed since
    it was found, which it cannot where `find` was called in this transaction.
    """
    values = {
        "dataset_id": rows.dataset_id,
        "revision": rows.revision,
        "tagged_rows": rows.tagged,
        "of_tags": json.dumps(rows.counts),
        "of_content": rows.content_id,
    }
    if connection.dialect.name == "postgresql":
        facts = log.facts("dataset.tagged", f"datasets/{rows.dataset_id}")
        return _store_all(connection, {**values, **facts}, rows)
    _COUNT.run(connection, values)
    for number in rows.touched:
        bits, versions = rows.blocks[number]
        put = {"number": number, "new_bits": bits, "new_versions": versions}
        _STORE.run(connection, {**values, **put})
    ids = {line.revision: _remember(connection, rows.dataset_id, line) for line in rows.lines}
    told = [{**line.told, "change": ids[line.revision]} for line in rows.lines]
    log.append_all(connection, "dataset.tagged", f"datasets/{rows.dataset_id}", told)
    return ids


def _remember(connection: Connection, dataset_id: int, line: Line) -> int:
    values = {
        "dataset_id": dataset_id,
        "revision": line.revision,
        "kind": "tag",
        "by": line.by,
        "at": microseconds(line.at),
        "summary": line.summary,
        "flips": line.flips,
    }
    return cast("int", _REMEMBER.run(connection, values).fetchone()[0])


def _store_all(connection: Connection, values: dict[str, object], rows: OpenRows) -> dict[int, int] | None:
    touched = sorted(rows.touched)
    lists = {
        "known": rows.lines[0].revision - 1,
        "tags": rows.tags,
        "multiple": rows.multiple_selection,
        "numbers": touched,
        "bits": [rows.blocks[number][0] for number in touched],
        "versions": [rows.blocks[number][1] for number in touched],
        "who": [line.by for line in rows.lines],
        "summaries": [line.summary for line in rows.lines],
        "flips": [line.flips for line in rows.lines],
        "told": [_compact(line.told) for line in rows.lines],
    }
    return dict(_ALL.run(connection, {**values, **lists}).fetchall()) or None
