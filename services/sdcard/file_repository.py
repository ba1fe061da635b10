"""All SQL on the listing of cards: hours, and the files in them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, Row, and_, bindparam, delete, func, insert, select, update

from services.sdcard.tables import files, hours

CHUNK = 500


@dataclass(frozen=True, slots=True)
class HourRow:
    """An hour's folder as it was last listed; `modified` is its time, in seconds by the camera's clock."""

    date: str
    hour: int
    modified: int
    settled: bool
    clips: int
    others: int
    size: int
    listed_at: datetime


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file of a card. `start` is the camera's own time in ISO form, None for what is no clip.

    `place` sorts files by time and is unique on a card; `properties` is JSON, None where not read yet.
    """

    id: str
    date: str
    hour: int
    place: str
    name: str
    start: str | None
    size: int
    modified: int
    properties: str | None = None


class Read(Protocol):
    """A file as it was known, and as it has been read."""

    @property
    def before(self) -> FileRow:
        """When it was listed."""

    @property
    def file(self) -> FileRow:
        """With its properties."""


@dataclass(frozen=True, slots=True)
class DateSummary:
    """The hours of a date, added up; `size` in bytes."""

    date: str
    hours: int
    clips: int
    others: int
    size: int


def _file(row: Row[Any]) -> FileRow:
    return FileRow(*(getattr(row, field.name) for field in fields(FileRow)))


def _hour(row: Row[Any]) -> HourRow:
    return HourRow(*(getattr(row, field.name) for field in fields(HourRow)))


def known_hours(connection: Connection, camera_id: str, date: str | None = None) -> list[HourRow]:
    """The hours that were listed, newest first."""
    wanted = select(hours).where(hours.c.camera_id == camera_id)
    if date is not None:
        wanted = wanted.where(hours.c.date == date)
    return [
        _hour(row) for row in connection.execute(wanted.order_by(hours.c.date.desc(), hours.c.hour.desc()))
    ]


def dates(connection: Connection, camera_id: str) -> list[DateSummary]:
    """The dates of the card, newest first."""
    sums = [func.sum(column) for column in (hours.c.clips, hours.c.others, hours.c.size)]
    wanted = select(hours.c.date, func.count(), *sums).where(hours.c.camera_id == camera_id)
    rows = connection.execute(wanted.group_by(hours.c.date).order_by(hours.c.date.desc()))
    return [DateSummary(date, count, int(c), int(o), int(s)) for date, count, c, o, s in rows]


@dataclass(frozen=True, slots=True)
class CardTotals:
    """A card's dates and files, added up; `size` in bytes."""

    dates: int = 0
    clips: int = 0
    size: int = 0


def totals(connection: Connection, camera_ids: Sequence[str]) -> dict[str, CardTotals]:
    """What was listed of each of the cameras."""
    counted = func.count(func.distinct(hours.c.date)), func.sum(hours.c.clips), func.sum(hours.c.size)
    wanted = select(hours.c.camera_id, *counted).where(hours.c.camera_id.in_(camera_ids))
    rows = connection.execute(wanted.group_by(hours.c.camera_id))
    found = {camera_id: CardTotals(dates, int(clips), int(size)) for camera_id, dates, clips, size in rows}
    return {camera_id: found.get(camera_id, CardTotals()) for camera_id in camera_ids}


def scanned_by_hour(connection: Connection, camera_id: str, date: str) -> dict[int, int]:
    """How many files of each hour have been read."""
    wanted = (
        select(files.c.hour, func.count().label("scanned"))
        .where(files.c.camera_id == camera_id, files.c.date == date, files.c.properties.is_not(None))
        .group_by(files.c.hour)
    )
    return {row.hour: row.scanned for row in connection.execute(wanted)}


def find(connection: Connection, camera_id: str, file_id: str) -> FileRow | None:
    """The file of that id, as it was last listed."""
    wanted = select(files).where(files.c.camera_id == camera_id, files.c.id == file_id)
    row = connection.execute(wanted).one_or_none()
    return None if row is None else _file(row)


def find_many(connection: Connection, camera_id: str, ids: Sequence[str]) -> dict[str, FileRow]:
    """The files that there are among the ids."""
    found: dict[str, FileRow] = {}
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        wanted = select(files).where(files.c.camera_id == camera_id, files.c.id.in_(part))
        found.update((row.id, _file(row)) for row in connection.execute(wanted))
    return found


def page(
    connection: Connection,
    camera_id: str,
    *,
    date: str | None = None,
    hour: int | None = None,
    before: str | None = None,
    limit: int | None = None,
) -> list[FileRow]:
    """Files, newest first, whose place is below `before`."""
    wanted = select(files).where(files.c.camera_id == camera_id)
    if date is not None:
        wanted = wanted.where(files.c.date == date)
    if hour is not None:
        wanted = wanted.where(files.c.hour == hour)
    if before is not None:
        wanted = wanted.where(files.c.place < before)
    rows = connection.execute(wanted.order_by(files.c.place.desc()).limit(limit))
    return [_file(row) for row in rows]


def clips_around(connection: Connection, camera_id: str, date: str) -> list[FileRow]:
    """The clips of a date, oldest first, with the last one before it and the first one after it."""
    clips = select(files).where(files.c.camera_id == camera_id, files.c.start.is_not(None))
    before = clips.where(files.c.date < date).order_by(files.c.place.desc()).limit(1)
    after = clips.where(files.c.date > date).order_by(files.c.place).limit(1)
    there = clips.where(files.c.date == date).order_by(files.c.place)
    return [_file(row) for part in (before, there, after) for row in connection.execute(part)]


def put_hour(connection: Connection, camera_id: str, hour: HourRow, listed: Iterable[FileRow]) -> bool:
    """The hour with exactly these files; whether anything differs. What has changed loses its properties."""
    before = {row.id: row for row in page(connection, camera_id, date=hour.date, hour=hour.hour)}
    now = {row.id: row for row in listed}
    new = [row for key, row in now.items() if key not in before]
    gone = [key for key in before if key not in now]
    changed = [row for key, row in now.items() if key in before and _differs(row, before[key])]
    _delete_files(connection, camera_id, gone)
    if new:
        connection.execute(insert(files), [_values(camera_id, row) for row in new])
    if changed:
        put = update(files).where(files.c.camera_id == camera_id, files.c.id == bindparam("wanted"))
        values = [
            {"wanted": row.id, "size": row.size, "modified": row.modified, "properties": None}
            for row in changed
        ]
        connection.execute(put, values)
    _put_hour_row(connection, camera_id, hour)
    return bool(new or gone or changed)


def _differs(one: FileRow, other: FileRow) -> bool:
    return (one.size, one.modified) != (other.size, other.modified)


def _values(camera_id: str, row: FileRow) -> dict[str, Any]:
    return {"camera_id": camera_id, **{field.name: getattr(row, field.name) for field in fields(FileRow)}}


def _delete_files(connection: Connection, camera_id: str, ids: Sequence[str]) -> None:
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        connection.execute(delete(files).where(files.c.camera_id == camera_id, files.c.id.in_(part)))


def _put_hour_row(connection: Connection, camera_id: str, hour: HourRow) -> None:
    values = {field.name: getattr(hour, field.name) for field in fields(HourRow)}
    here = and_(hours.c.camera_id == camera_id, hours.c.date == hour.date, hours.c.hour == hour.hour)
    if connection.execute(update(hours).where(here).values(values)).rowcount == 0:
        connection.execute(insert(hours), {"camera_id": camera_id, **values})


def drop_hours(connection: Connection, camera_id: str, gone: Iterable[tuple[str, int]]) -> None:
    """Forget hours that the card has no longer, with their files."""
    for date, hour in gone:
        for table in (files, hours):
            here = and_(table.c.camera_id == camera_id, table.c.date == date, table.c.hour == hour)
            connection.execute(delete(table).where(here))


def forget_card(connection: Connection, camera_id: str) -> None:
    """Forget all that was listed of a camera."""
    for table in (files, hours):
        connection.execute(delete(table).where(table.c.camera_id == camera_id))


def set_properties(connection: Connection, camera_id: str, found: Sequence[Read]) -> None:
    """Write what was read from files, unless a file has been listed anew since then."""
    if not found:
        return
    same = and_(
        files.c.camera_id == camera_id,
        files.c.id == bindparam("wanted"),
        files.c.size == bindparam("old_size"),
        files.c.modified == bindparam("old_modified"),
    )
    values: list[Mapping[str, Any]] = [
        {
            "wanted": one.file.id,
            "old_size": one.before.size,
            "old_modified": one.before.modified,
            "size": one.file.size,
            "modified": one.file.modified,
            "properties": one.file.properties,
        }
        for one in found
    ]
    connection.execute(update(files).where(same), values)


def sort_key(date: str, hour: int, start: str | None, file_id: str) -> str:
    """Sorts files by time; unique on a card."""
    return f"{start or f'{date}T{hour:02d}'}|{file_id}"
