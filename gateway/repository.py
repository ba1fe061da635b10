"""All SQL of the gateway. Every call is inside a transaction of its caller."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, insert, or_, select, update

from gateway.tables import keys, sessions, sign_in_codes

__all__ = ["CallerRow", "CodeRow", "Connection", "KeyRow", "NewKeyRow"]
CHUNK = 500  # values in one IN (...); SQLite takes 32,766, and long statements are slow to prepare


@dataclass(frozen=True, slots=True)
class NewKeyRow:
    """A key as it is written down."""

    name: str
    digest: bytes
    scopes: str
    created: datetime
    expires: datetime | None
    parent_id: int | None = None


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key as it is listed."""

    id: int
    name: str
    scopes: str
    created: datetime
    expires: datetime | None
    last_used: datetime | None
    parent_id: int | None


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A sign-in code that was good: whose it is, and what it may open."""

    key: KeyRow
    scopes: str


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
    return KeyRow(row.id, row.name, row.scopes, row.created, row.expires, row.last_used, row.parent_id)


def add_key(connection: Connection, row: NewKeyRow) -> KeyRow:
    """Write a key down."""
    values = {
        "name": row.name,
        "digest": row.digest,
        "scopes": row.scopes,
        "created": row.created,
        "expires": row.expires,
        "parent_id": row.parent_id,
    }
    made = connection.execute(insert(keys).values(**values).returning(keys.c.id)).scalar_one()
    return KeyRow(made, row.name, row.scopes, row.created, row.expires, None, row.parent_id)


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
    """End a key and those of the devices it let in, and theirs, with all their sessions and codes."""
    ended = last = [key_id]
    while last:
        let_in = select(keys.c.id).where(keys.c.parent_id.in_(last), keys.c.revoked.is_(None))
        last = list(connection.execute(let_in).scalars())
        ended = ended + last
    for start in range(0, len(ended), CHUNK):
        chunk = ended[start : start + CHUNK]
        connection.execute(update(keys).where(keys.c.id.in_(chunk)).values(revoked=moment))
        connection.execute(delete(sessions).where(sessions.c.key_id.in_(chunk)))
        connection.execute(delete(sign_in_codes).where(sign_in_codes.c.key_id.in_(chunk)))


def add_code(
    connection: Connection, digest: bytes, key_id: int, scopes: str, expires: datetime, moment: datetime
) -> None:
    """Write a sign-in code down, and clear away those that are past their end."""
    connection.execute(delete(sign_in_codes).where(sign_in_codes.c.expires <= moment))
    connection.execute(
        insert(sign_in_codes).values(digest=digest, key_id=key_id, scopes=scopes, expires=expires)
    )


def take_code(connection: Connection, digest: bytes, moment: datetime) -> CodeRow | None:
    """Use a code up; None where it is used, past its end, or its key is no longer good."""
    found = connection.execute(
        delete(sign_in_codes)
        .where(sign_in_codes.c.digest == digest, sign_in_codes.c.expires > moment)
        .returning(sign_in_codes.c.key_id, sign_in_codes.c.scopes)
    ).one_or_none()
    key = None if found is None else get_key(connection, found.key_id, moment)
    return None if found is None or key is None else CodeRow(key, found.scopes)


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


def remove_session(connection: Connection, digest: bytes, moment: datetime) -> None:
    """End one session, and the key under it where it is a device's: nobody else has that."""
    key_id = connection.execute(
        delete(sessions).where(sessions.c.digest == digest).returning(sessions.c.key_id)
    ).scalar_one_or_none()
    key = None if key_id is None else get_key(connection, key_id, moment)
    if key is not None and key.parent_id is not None:
        revoke_key(connection, key.id, moment)


def note_uses(connection: Connection, used: Mapping[int, datetime], moment: datetime) -> None:
    """Write down when keys were last used, and clear away sessions that have ended."""
    for key_id, when in _sorted(used.items()):
        connection.execute(update(keys).where(keys.c.id == key_id).values(last_used=when))
    connection.execute(delete(sessions).where(sessions.c.expires <= moment))


def _sorted(items: Iterable[tuple[int, datetime]]) -> list[tuple[int, datetime]]:
    """By id: replicas that take row locks in one order cannot lock each other out."""
    return sorted(items)
