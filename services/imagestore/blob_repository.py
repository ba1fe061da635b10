"""SQL of the sweeper: which blobs nothing names, and which are on their way out."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, exists, or_, select, update

from services.imagestore.tables import blobs, images, versions
from shared.database.upsert import insert_missing

_NAMED = (
    exists(select(images.c.id).where(images.c.digest == blobs.c.digest))
    | exists(select(versions.c.image_id).where(versions.c.digest == blobs.c.digest))
)  # fmt: skip


def unnamed(connection: Connection, created_before: datetime, limit: int) -> list[str]:
    """Digests of blobs that no image or version names, and of those that an earlier sweep left doomed.

    Long on a large catalogue: it only reads.
    """
    due = or_(blobs.c.created_at < created_before, blobs.c.doomed_at.is_not(None))
    query = select(blobs.c.digest).where(due, ~_NAMED).limit(limit)
    return list(connection.scalars(query))


def doom(connection: Connection, digests: Sequence[str], moment: datetime, stale: datetime) -> list[str]:
    """Mark those of the blobs that still nothing names; returns those that are the caller's to remove.

    From the commit on an upload of the same bytes knows that it has to store them again. What another
    sweeper marked is its own, until its mark is older than `stale`: it died. Two that remove the same
    blob could take the bytes that an upload stored again in between.
    """
    # The lock waits for uploads that are naming a blob; the next statement then sees what they named.
    connection.execute(select(blobs.c.digest).where(blobs.c.digest.in_(digests)).with_for_update())
    ours = or_(blobs.c.doomed_at.is_(None), blobs.c.doomed_at <= stale)
    mark = update(blobs).where(blobs.c.digest.in_(digests), ~_NAMED, ours).values(doomed_at=moment)
    return list(connection.scalars(mark.returning(blobs.c.digest)))


def doom_strays(connection: Connection, found: Sequence[tuple[str, int]], moment: datetime) -> list[str]:
    """Mark stored bytes (digest, size) that have no row at all; returns the digests that were marked."""
    marked = []
    for digest, size in found:
        row = {"digest": digest, "size": size, "created_at": moment, "doomed_at": moment}
        if insert_missing(connection, blobs, row):
            marked.append(digest)
    return marked


def known(connection: Connection, digests: Sequence[str]) -> set[str]:
    """Those digests that have a row."""
    return set(connection.scalars(select(blobs.c.digest).where(blobs.c.digest.in_(digests))))


def forget(connection: Connection, digests: Sequence[str]) -> None:
    """Drop the rows of doomed blobs whose bytes are gone."""
    connection.execute(delete(blobs).where(blobs.c.digest.in_(digests), blobs.c.doomed_at.is_not(None)))
