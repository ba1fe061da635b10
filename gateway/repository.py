"""All SQL of the gateway. Every call is inside a transaction of its caller."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, insert, or_, select, update

from gateway.tables import keys, sessions

__all__ = ["CallerRow", "Connection", "KeyRow", "NewKeyRow"]
CHUNK = 500  # values in one IN (...); SQLite takes 32,766, and long statements are slow to prepare


@dataclass(frozen=True, slots=True)
class NewKeyRow:
    """A key as it is written down."""

    name: str
    digest: bytes
    scopes: str
    created: datetime
    expires: datetime | None


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key as it is listed."""

    id: int
    name: str
    scopes: str
    created: datetime
    expires: datetime | None
    last_used: datetime | None


@dataclass(frozen=True, slots=True)
class CallerRow:
    """What a credential stands for."""

    key_id: int
    name: str
    scopes: str
    expires: datetime | None


def _good(moment: datetime) -> ColumnElement[bool]:
    return and_(keys.c.revoked.is_(None), or_(keys.c.expires.is_(None), keys.c.expires > moment))


def _key_row(row: Row[Any]) -> KeyRow:
    return KeyRow(row.id, row.name, row.scopes, row.created, row.expires, row.last_used)


def add_key(connection: Connection, row: NewKeyRow) -> KeyRow:
    """Write a key down."""
    values = {
        "name": row.name,
        "digest": row.digest,
        "scopes": row.scopes,
        "created": row.created,
        "expires": row.expires,
    }
    made = connection.execute(insert(keys).values(**values).returning(keys.c.id)).scalar_one()
    return KeyRow(made, row.name, row.scopes, row.created, row.expires, None)


def list_keys(connection: Connection, moment: datetime) -> list[KeyRow]:
    """The good keys, oldest first."""
    return [
        _key_row(row) for row in connection.execute(select(keys).where(_good(moment)).order_by(keys.c.id))
    ]


def get_key(connection: Connection, key_id: int, moment: datetime) -> KeyRow | None:
    """One good key, or None."""
    row = connection.execute(select(keys).where(keys.c.id == key_id, _good(moment))).one_or_none()
    return None if row is None else _key_row(row)


def count_admins(connection: Connection, moment: datetime) -> int:
    """How many good admin keys there are."""
    is_admin = keys.c.scopes.contains("admin")
    return connection.execute(select(func.count()).where(is_admin, _good(moment))).scalar_one()


def revoke_key(connection: Connection, key_id: int, moment: datetime) -> None:
    """End a key, and its sessions with it."""
    connection.execute(update(keys).where(keys.c.id == key_id).values(revoked=moment))
    connection.execute(delete(sessions).where(sessions.c.key_id == key_id))


def find_callers(
    connection: Connection, credentials: Sequence[bytes], moment: datetime
) -> dict[bytes, CallerRow]:
    """What each credential stands for, key or session; those that are not good are left out."""
    found: dict[bytes, CallerRow] = {}
    for start in range(0, len(credentials), CHUNK):
        chunk = credentials[start : start + CHUNK]
        by_key = select(keys, keys.c.digest.label("shown"), keys.c.expires.label("until")).where(
            keys.c.digest.in_(chunk), _good(moment)
        )
        by_session = (
            select(keys, sessions.c.digest.label("shown"), sessions.c.expires.label("until"))
            .join(sessions, sessions.c.key_id == keys.c.id)
            .where(sessions.c.digest.in_(chunk), sessions.c.expires > moment, _good(moment))
        )
        for statement in (by_key, by_session):
            for row in connection.execute(statement):
                found[bytes(row.shown)] = CallerRow(row.id, row.name, row.scopes, row.until)
    return found


def add_session(
    connection: Connection, digest: bytes, key_id: int, started: datetime, expires: datetime
) -> None:
    """Write a browser's session down."""
    connection.execute(
        insert(sessions).values(digest=digest, key_id=key_id, created=started, expires=expires)
    )


def remove_session(connection: Connection, digest: bytes) -> None:
    """End one session."""
    connection.execute(delete(sessions).where(sessions.c.digest == digest))


def note_uses(connection: Connection, used: Mapping[int, datetime], moment: datetime) -> None:
    """Write down when keys were last used, and clear away sessions that have ended."""
    for key_id, when in _sorted(used.items()):
        connection.execute(update(keys).where(keys.c.id == key_id).values(last_used=when))
    connection.execute(delete(sessions).where(sessions.c.expires <= moment))


def _sorted(items: Iterable[tuple[int, datetime]]) -> list[tuple[int, datetime]]:
    """By id: replicas that take row locks in one order cannot lock each other out."""
    return sorted(items)
