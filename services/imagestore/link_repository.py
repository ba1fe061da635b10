"""All SQL of share links."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from services.imagestore.repository import Facts
from services.imagestore.tables import images, link_images, links


@dataclass(frozen=True, slots=True)
class SharedRow:
    """An image of a link that is there at the moment."""

    position: int
    name: str
    facts: Facts


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A link with the images behind it; deleted ones are left out."""

    id: int
    token: str
    title: str
    password_hash: str | None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    images: tuple[SharedRow, ...]


def add(connection: Connection, values: dict[str, Any], image_ids: Sequence[int]) -> int:
    """A new link to the images, in their order; returns its id."""
    key = connection.execute(insert(links), values).inserted_primary_key
    assert key is not None
    rows = [
        {"link_id": key[0], "position": position, "image_id": image_id}
        for position, image_id in enumerate(image_ids, start=1)
    ]
    connection.execute(insert(link_images), rows)
    return int(key[0])


def find(connection: Connection, token: str) -> LinkRow | None:
    """The link of that token, whatever its state."""
    row = connection.execute(select(links).where(links.c.token == token)).one_or_none()
    return None if row is None else _with_images(connection, [row])[0]


def find_by_id(connection: Connection, link_id: int) -> LinkRow | None:
    """The link of that id."""
    row = connection.execute(select(links).where(links.c.id == link_id)).one_or_none()
    return None if row is None else _with_images(connection, [row])[0]


def page(connection: Connection, before_id: int | None, limit: int) -> list[LinkRow]:
    """Links, newest first."""
    query = select(links).order_by(links.c.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(links.c.id < before_id)
    return _with_images(connection, connection.execute(query).all())


def revoke(connection: Connection, link_id: int, moment: datetime) -> None:
    """End the link now; one that has been revoked keeps its moment."""
    where = (links.c.id == link_id, links.c.revoked_at.is_(None))
    connection.execute(update(links).where(*where).values(revoked_at=moment))


def _with_images(connection: Connection, rows: Sequence[Row[Any]]) -> list[LinkRow]:
    query = (
        select(link_images.c.link_id, link_images.c.position, images)
        .join(images, images.c.id == link_images.c.image_id)
        .where(link_images.c.link_id.in_([row.id for row in rows]), images.c.deleted_at.is_(None))
        .order_by(link_images.c.link_id, link_images.c.position)
    )
    shared: dict[int, list[SharedRow]] = {}
    for found in connection.execute(query) if rows else ():
        facts = Facts(found.digest, found.size, found.media_type, found.width, found.height, found.taken_at)
        shared.setdefault(found.link_id, []).append(SharedRow(found.position, found.name, facts))
    return [
        LinkRow(
            row.id,
            row.token,
            row.title,
            row.password_hash,
            row.created_at,
            row.expires_at,
            row.revoked_at,
            tuple(shared.get(row.id, ())),
        )
        for row in rows
    ]
