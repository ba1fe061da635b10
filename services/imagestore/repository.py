"""All SQL of the catalogue: images, their versions, labels and blobs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, delete, func, insert, or_, select, update

from services.imagestore.tables import blobs, images, tags, versions
from shared.database.prepared import Prepared
from shared.database.types import EPOCH, MICROSECOND, microseconds
from shared.database.upsert import InsertMissing


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of some content: `digest` is the SHA-256 in hexadecimal, `size` in bytes."""

    digest: str
    size: int
    media_type: str
    width: int
    height: int
    taken_at: datetime | None


@dataclass(frozen=True, slots=True)
class ImageRow:
    """An image with its present content and its labels."""

    id: int
    name: str
    facts: Facts
    version: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One content of a name."""

    version: int
    facts: Facts
    created_at: datetime


# The sort's column; the second key is always the id, which makes every place unique.
SORTS = {
    "name": images.c.name,
    "created_at": images.c.created_at,
    "updated_at": images.c.updated_at,
    "taken_at": images.c.shown_at,
    "size": images.c.size,
}
_LIVE = images.c.deleted_at.is_(None)
_BY_NAME = select(images).where(images.c.name == bindparam("wanted"), _LIVE)
_BY_NAME_LOCKED = _BY_NAME.with_for_update()
_CONTENT = Prepared(
    select(images.c.id, *(images.c[field] for field in Facts.__slots__)).where(
        images.c.name == bindparam("wanted"), _LIVE
    )
)
_BLOB = select(blobs.c.doomed_at).where(blobs.c.digest == bindparam("wanted"))
_BLOB_LOCKED = _BLOB.with_for_update(read=True)
_ADD = InsertMissing(
    images,
    ("name", "folded_name", *Facts.__slots__, "shown_at", "version", "created_at", "updated_at"),
    images.c.id,
)
_ADD_BLOB = InsertMissing(blobs, ("digest", "size", "created_at"), blobs.c.digest)


def _facts(row: Row[Any]) -> Facts:
    return Facts(row.digest, row.size, row.media_type, row.width, row.height, row.taken_at)


def _facts_columns(facts: Facts) -> dict[str, object]:
    return {field: getattr(facts, field) for field in Facts.__slots__}


def _image(row: Row[Any]) -> ImageRow:
    return ImageRow(
        row.id, row.name, _facts(row), row.version, row.created_at, row.updated_at, row.deleted_at
    )


def find(connection: Connection, name: str, *, lock: bool = False) -> ImageRow | None:
    """The live image of that name, with its labels. `lock` holds the row until the commit (PostgreSQL)."""
    row = connection.execute(_BY_NAME_LOCKED if lock else _BY_NAME, {"wanted": name}).one_or_none()
    if row is None:
        return None
    return _with_tags(connection, [_image(row)])[0]


def find_content(connection: Connection, name: str, digest: str | None = None) -> Facts | None:
    """What the live image of that name holds, or held if `digest` names an earlier version of it."""
    row = _CONTENT.run(connection, {"wanted": name}).fetchone()
    if row is None:
        return None
    image_id, found, size, media_type, width, height, taken = row
    taken_at = None if taken is None else EPOCH + taken * MICROSECOND
    facts = Facts(found, size, media_type, width, height, taken_at)
    if digest in (None, facts.digest):
        return facts
    query = select(versions).where(versions.c.image_id == image_id, versions.c.digest == digest).limit(1)
    earlier = connection.execute(query).one_or_none()
    return None if earlier is None else _facts(earlier)


def find_many(connection: Connection, names: Sequence[str]) -> dict[str, ImageRow]:
    """The live images among the names, by name, without labels."""
    found: dict[str, ImageRow] = {}
    for start in range(0, len(names), 500):
        part = names[start : start + 500]
        for row in connection.execute(select(images).where(images.c.name.in_(part), _LIVE)):
            found[row.name] = _image(row)
    return found


def _with_tags(connection: Connection, rows: list[ImageRow]) -> list[ImageRow]:
    labels: dict[int, list[str]] = {}
    query = (
        select(tags.c.image_id, tags.c.tag)
        .where(tags.c.image_id.in_(row.id for row in rows))
        .order_by(tags.c.tag)
    )
    for image_id, tag in connection.execute(query) if rows else ():
        labels.setdefault(image_id, []).append(tag)
    return [replace(row, tags=tuple(labels[row.id])) if row.id in labels else row for row in rows]


@dataclass(frozen=True, slots=True)
class Search:
    """Which images, in which order, from which place on."""

    prefix: str = ""
    q: str = ""
    tags: tuple[str, ...] = ()
    sort: str = "-created_at"
    after: tuple[Any, int] | None = None
    limit: int = 100


def search(connection: Connection, wanted: Search) -> list[ImageRow]:
    """Live images that fit, at most `limit`, beginning after the place (sort key, id) of `after`."""
    column = SORTS[wanted.sort.removeprefix("-")]
    down = wanted.sort.startswith("-")
    query = filtered(select(images), wanted)
    if wanted.after is not None:
        key, row_id = wanted.after
        beyond = column < key if down else column > key
        further = images.c.id < row_id if down else images.c.id > row_id
        query = query.where(or_(beyond, and_(column == key, further)))
    order = (column.desc(), images.c.id.desc()) if down else (column, images.c.id)
    rows = connection.execute(query.order_by(*order).limit(wanted.limit)).all()
    return _with_tags(connection, [_image(row) for row in rows])


def filtered(query: Select[Any], wanted: Search) -> Select[Any]:
    """The query for live images that fit, whatever its order and place."""
    query = query.where(_LIVE)
    if wanted.prefix:
        query = query.where(images.c.name >= wanted.prefix, images.c.name < wanted.prefix + "\U0010ffff")
    if wanted.q:
        pattern = wanted.q.casefold()
        labelled = select(tags.c.image_id).where(tags.c.tag.icontains(wanted.q, autoescape=True))
        query = query.where(
            or_(images.c.folded_name.contains(pattern, autoescape=True), images.c.id.in_(labelled))
        )
    for tag in wanted.tags:
        query = query.where(images.c.id.in_(select(tags.c.image_id).where(tags.c.tag == tag)))
    return query


def sort_key(row: ImageRow, sort: str) -> object:
    """The value that `search` sorts the row by."""
    match sort.removeprefix("-"):
        case "name":
            return row.name
        case "size":
            return row.facts.size
        case "taken_at":
            return row.facts.taken_at or row.created_at
        case "updated_at":
            return row.updated_at
        case _:
            return row.created_at


def add(connection: Connection, name: str, facts: Facts, moment: datetime) -> ImageRow | None:
    """A new image, in its first version; None where the name is there already."""
    values = {
        "name": name,
        "folded_name": name.casefold(),
        **_facts_columns(facts),
        "taken_at": None if facts.taken_at is None else microseconds(facts.taken_at),
        "shown_at": microseconds(facts.taken_at or moment),
        "version": 1,
        "created_at": microseconds(moment),
        "updated_at": microseconds(moment),
    }
    key = _ADD.run(connection, values)
    return None if key is None else ImageRow(key, name, facts, 1, moment, moment)


def add_version(connection: Connection, row: ImageRow, facts: Facts, moment: datetime) -> ImageRow:
    """New content for the image; what it had becomes its earlier version."""
    earlier = {"image_id": row.id, "version": row.version, "created_at": row.updated_at}
    connection.execute(insert(versions), {**earlier, **_facts_columns(row.facts)})
    changed = {
        **_facts_columns(facts),
        "shown_at": facts.taken_at or row.created_at,
        "version": row.version + 1,
        "updated_at": moment,
    }
    connection.execute(update(images).where(images.c.id == row.id), changed)
    return replace(row, facts=facts, version=row.version + 1, updated_at=moment)


def change(connection: Connection, row: ImageRow, **changed: Any) -> ImageRow:
    """The image with other values of name, updated_at or deleted_at."""
    values = dict(changed)
    if "name" in values:
        values["folded_name"] = values["name"].casefold()
    connection.execute(update(images).where(images.c.id == row.id), values)
    return replace(row, **changed)


def set_tags(connection: Connection, row: ImageRow, wanted: Iterable[str]) -> ImageRow:
    """The image with exactly these labels."""
    labels = tuple(sorted(set(wanted)))
    gone = [tag for tag in row.tags if tag not in labels]
    new = [tag for tag in labels if tag not in row.tags]
    if gone:
        connection.execute(delete(tags).where(tags.c.image_id == row.id, tags.c.tag.in_(gone)))
    if new:
        connection.execute(insert(tags), [{"image_id": row.id, "tag": tag} for tag in new])
    return replace(row, tags=labels)


def tag_counts(connection: Connection) -> list[tuple[str, int]]:
    """Every label of live images, with how many carry it, by name."""
    query = (
        select(tags.c.tag, func.count())
        .join(images, images.c.id == tags.c.image_id)
        .where(_LIVE)
        .group_by(tags.c.tag)
        .order_by(tags.c.tag)
    )
    return [(tag, count) for tag, count in connection.execute(query)]


def version_rows(connection: Connection, row: ImageRow) -> list[VersionRow]:
    """Every content of the image, newest first."""
    query = select(versions).where(versions.c.image_id == row.id).order_by(versions.c.version.desc())
    earlier = [
        VersionRow(found.version, _facts(found), found.created_at) for found in connection.execute(query)
    ]
    return [VersionRow(row.version, row.facts, row.updated_at if earlier else row.created_at), *earlier]


def trashed(
    connection: Connection, before: tuple[datetime, int] | None, limit: int, name: str | None = None
) -> list[ImageRow]:
    """Deleted images, all or those of one name: what was deleted last first."""
    query = select(images).where(images.c.deleted_at.is_not(None))
    if name is not None:
        query = query.where(images.c.name == name)
    if before is not None:
        moment, row_id = before
        same = and_(images.c.deleted_at == moment, images.c.id < row_id)
        query = query.where(or_(images.c.deleted_at < moment, same))
    order = (images.c.deleted_at.desc(), images.c.id.desc())
    rows = connection.execute(query.order_by(*order).limit(limit)).all()
    return _with_tags(connection, [_image(row) for row in rows])


def find_trashed(connection: Connection, image_id: int) -> ImageRow | None:
    """The deleted image of that id."""
    query = select(images).where(images.c.id == image_id, images.c.deleted_at.is_not(None))
    row = connection.execute(query).one_or_none()
    return None if row is None else _with_tags(connection, [_image(row)])[0]


def purge(connection: Connection, image_ids: Sequence[int]) -> None:
    """Forget images for good, with their versions, labels and places in links."""
    connection.execute(delete(images).where(images.c.id.in_(image_ids)))


def expired_trash(connection: Connection, before: datetime, limit: int) -> list[ImageRow]:
    """Images deleted before the moment."""
    query = select(images).where(images.c.deleted_at < before).order_by(images.c.id).limit(limit)
    return [_image(row) for row in connection.execute(query)]


def blob_state(connection: Connection, digest: str, *, lock: bool = False) -> str:
    """`live`, `doomed` (the sweeper is removing it) or `absent`; `lock` keeps it so until the commit."""
    row = connection.execute(_BLOB_LOCKED if lock else _BLOB, {"wanted": digest}).one_or_none()
    if row is None:
        return "absent"
    return "live" if row.doomed_at is None else "doomed"


def add_blob(connection: Connection, digest: str, size: int, moment: datetime) -> bool:
    """A blob that is stored now; False where another transaction has made its row meanwhile."""
    row = {"digest": digest, "size": size, "created_at": microseconds(moment)}
    return _ADD_BLOB.run(connection, row) is not None
