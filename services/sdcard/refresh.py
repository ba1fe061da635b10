"""One refresh of a card's listing: which hours there are, and the files of those that may have changed.

An hour is listed again when its folder's time has changed, and for as long as something may still be
written there: a clip that grows does not change its folder's time.
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping

from services.sdcard import camera_repository, file_repository
from services.sdcard.camera_repository import CameraRow
from services.sdcard.file_repository import FileRow, HourRow
from services.sdcard.links import Links
from services.sdcard.surveys import HourKey, Listed, Survey, list_hours, take_survey
from shared.database import Connection, Database
from shared.database.types import now
from shared.events import EventLog

Renew = Callable[[Connection], object]
OPEN_HOURS = 2  # the newest ones: a clip that began in the last hour may still be on its way
RACY_SECONDS = 2  # a folder that changed just now may change again within the same second of its time
TELL_EVERY = 0.25  # seconds
HOURS_AT_ONCE = 8  # full ones hold 480 files: writes stay short


class Refresh:
    """Runs once. What it has listed is visible at once, also when it breaks off."""

    def __init__(
        self, database: Database, events: EventLog, links: Links, row: CameraRow, renew: Renew | None = None
    ) -> None:
        """`renew` prolongs the caller's right to do this, and is called inside each write."""
        self._database = database
        self._events = events
        self._links = links
        self._row = row
        self._renew = renew
        self._waiting: list[tuple[HourRow, list[FileRow]]] = []
        self._told_at = time.monotonic()
        self._done = 0
        self._changed = False

    async def run(self, date: str | None = None, hour: int | None = None) -> None:
        """List the card; or a date of it, or an hour. Raises what the camera's state is."""
        survey = await self._links.run(self._row, lambda session: take_survey(session, self._row, date))
        known = await self._database.read(
            lambda c: {(one.date, one.hour): one for one in file_repository.known_hours(c, self._row.id)}
        )
        newest = set(sorted({*known, *survey.hours} if date else survey.hours)[-OPEN_HOURS:])
        wanted = [
            key
            for key in sorted(survey.hours, reverse=True)
            if (hour is None or key[1] == hour) and _is_due(key, survey.hours[key], known, newest)
        ]
        for start in range(0, len(wanted), HOURS_AT_ONCE):
            await self._list(wanted[start : start + HOURS_AT_ONCE], survey, newest, len(wanted))
        gone = [key for key in known if key not in survey.hours and (date is None or key[0] == date)]
        await self._database.write(lambda c: self._finish(c, survey, gone, len(wanted), whole=date is None))

    async def _list(self, keys: list[HourKey], survey: Survey, newest: set[HourKey], total: int) -> None:
        """List some hours: they share their round trips, and what was listed before is written meanwhile."""
        found, _ = await asyncio.gather(
            self._links.run(self._row, lambda session: list_hours(session, self._row, keys)),
            self._write(total),
        )
        for key, listed in found.items():
            modified = survey.hours[key]
            settled = key not in newest and time.time() - modified > RACY_SECONDS
            self._waiting.append(_rows(key, modified, listed, settled=settled))
            self._done += 1

    async def _write(self, total: int) -> None:
        if not self._waiting:
            return
        batch, self._waiting = self._waiting, []
        due = time.monotonic() - self._told_at >= TELL_EVERY
        done = self._done
        if due:
            self._told_at = time.monotonic()

        def work(connection: Connection) -> None:
            self._put(connection, batch)
            if due:
                dates = sorted({hour.date for hour, _ in batch}, reverse=True)
                self._tell(connection, "listing", {"dates": dates, "done": done, "total": total})

        await self._database.write(work)

    def _put(self, connection: Connection, batch: list[tuple[HourRow, list[FileRow]]]) -> None:
        camera_repository.lock_card(connection, self._row.id)
        if self._renew is not None:
            self._renew(connection)
        for hour, files in batch:
            self._changed |= file_repository.put_hour(connection, self._row.id, hour, files)

    def _finish(
        self, connection: Connection, survey: Survey, gone: list[HourKey], listed: int, *, whole: bool
    ) -> None:
        self._put(connection, self._waiting)
        file_repository.drop_hours(connection, self._row.id, gone)
        moment = now()
        seen = {"state": "online", "detail": "", "checked_at": moment}
        if whole:
            seen |= {
                "refreshed_at": moment,
                "size": survey.size,
                "used": survey.used,
                "available": survey.available,
                "recording_plan": None if survey.plan is None else json.dumps(survey.plan),
            }
        camera_repository.set_card(connection, self._row.id, seen)
        if whole:
            changed = self._changed or bool(gone)
            self._tell(connection, "listed", {"hours_listed": listed, "changed": changed, "state": "online"})

    def _tell(self, connection: Connection, verb: str, data: Mapping[str, object]) -> None:
        said = {"id": self._row.id, **data}
        self._events.append(connection, f"camera.{verb}", f"cameras/{self._row.id}", said)


def _is_due(key: HourKey, modified: int, known: Mapping[HourKey, HourRow], newest: set[HourKey]) -> bool:
    before = known.get(key)
    return before is None or not before.settled or before.modified != modified or key in newest


def _rows(
    key: HourKey, modified: int, listed: list[Listed], *, settled: bool
) -> tuple[HourRow, list[FileRow]]:
    date, hour = key
    files = [
        FileRow(
            id=one.place.id,
            date=date,
            hour=hour,
            place=file_repository.sort_key(date, hour, one.start, one.place.id),
            name=one.place.shown,
            start=one.start,
            size=one.size,
            modified=one.modified,
        )
        for one in listed
    ]
    clips = sum(file.start is not None for file in files)
    size = sum(file.size for file in files)
    row = HourRow(date, hour, modified, settled, clips, len(files) - clips, size, now())
    return row, files
