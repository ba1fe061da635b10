"""All SQL on the history of changes. Every call is inside a transaction."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, RowMapping, delete, exists, insert, select, update

from services.tagging.tables import changes


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A change; `flips` packed as flips.py does, `summary` as the API tells it."""

    id: int
    revision: int
    kind: str
    by: str
    at: datetime
    summary: dict[str, Any]
    of: int | None
    undone_at: int | None


_SHOWN = (
    changes.c.id,
    changes.c.revision,
    changes.c.kind,
    changes.c.by,
    changes.c.at,
    changes.c.summary,
    changes.c.of,
    changes.c.undone_at,
)


def _change_of(row: RowMapping) -> ChangeRow:
    return ChangeRow(**{**row, "summary": json.loads(row["summary"])})


_ADD = insert(changes).returning(changes.c.id)


def add(connection: Connection, values: Mapping[str, Any]) -> int:
    """The new change's id."""
    return cast("int", connection.execute(_ADD, dict(values)).scalar_one())


def page(
    connection: Connection, dataset_id: int, *, before: int | None, limit: int, by: str | None
) -> list[ChangeRow]:
    """Changes, newest first."""
    wanted = select(*_SHOWN).where(changes.c.dataset_id == dataset_id)
    if before is not None:
        wanted = wanted.where(changes.c.id < before)
    if by is not None:
        wanted = wanted.where(changes.c.by == by)
    return [
        _change_of(row)
        for row in connection.execute(wanted.order_by(changes.c.id.desc()).limit(limit)).mappings()
    ]


def flips_of(connection: Connection, change_id: int) -> bytes:
    """What the change turned over."""
    return cast(
        "bytes", connection.execute(select(changes.c.flips).where(changes.c.id == change_id)).scalar_one()
    )


def flips_of_others(
    connection: Connection, dataset_id: int, by: str, *, after: int
) -> list[tuple[int, bytes]]:
    """Ids and flips of what others did, with ids over `after`, oldest first."""
    wanted = select(changes.c.id, changes.c.flips).where(
        changes.c.dataset_id == dataset_id, changes.c.id > after, changes.c.by != by
    )
    return [(row.id, row.flips) for row in connection.execute(wanted.order_by(changes.c.id))]


def undoable(connection: Connection, dataset_id: int, by: str) -> ChangeRow | None:
    """The newest change of that person that is not undone."""
    mine = (changes.c.dataset_id == dataset_id, changes.c.by == by, changes.c.kind == "tag")
    wanted = select(*_SHOWN).where(*mine, changes.c.undone_at.is_(None))
    row = connection.execute(wanted.order_by(changes.c.id.desc()).limit(1)).mappings().first()
    return None if row is None else _change_of(row)


def redoable(connection: Connection, dataset_id: int, by: str) -> ChangeRow | None:
    """The change that the person undid last, unless they have made another one since."""
    mine = (changes.c.dataset_id == dataset_id, changes.c.by == by, changes.c.kind == "tag")
    later = changes.alias()
    since = exists().where(
        later.c.dataset_id == dataset_id,
        later.c.by == by,
        later.c.kind == "tag",
        later.c.revision > changes.c.undone_at,
    )
    wanted = select(*_SHOWN).where(*mine, changes.c.undone_at.is_not(None), ~since)
    row = connection.execute(wanted.order_by(changes.c.undone_at.desc()).limit(1)).mappings().first()
    return None if row is None else _change_of(row)


def mark(connection: Connection, change_id: int, undone_at: int | None) -> None:
    """Say that the change was undone by that revision; None: it holds again."""
    connection.execute(update(changes).where(changes.c.id == change_id).values(undone_at=undone_at))


def trim(connection: Connection, before: datetime, limit: int) -> int:
    """Forget changes older than that, some at a time; returns how many."""
    old = select(changes.c.id).where(changes.c.at < before).limit(limit)
    return connection.execute(delete(changes).where(changes.c.id.in_(old))).rowcount


def forget(connection: Connection, dataset_id: int) -> None:
    """Drop the whole history: after a merge its rows are other rows."""
    connection.execute(delete(changes).where(changes.c.dataset_id == dataset_id))
