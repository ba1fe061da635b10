"""Handlers of jobs: read what is in clips, and copy key frames to the image store."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import httpx2

from services.sdcard import file_repository
from services.sdcard.camera_errors import CameraError, TooManyConnects
from services.sdcard.camera_repository import CameraRow
from services.sdcard.cards import Cards
from services.sdcard.clips import ClipReading, Clips
from services.sdcard.file_repository import FileRow
from services.sdcard.registry import Registry
from shared.clients.base import ProblemAnswer
from shared.clients.imagestore import ImageStoreClient
from shared.contracts.imagestore import ImageChange
from shared.database import Connection, Database
from shared.errors import DarkroomError
from shared.events import EventLog
from shared.jobs import LeaseLost, RunningJob

WRITE_EVERY = 0.25  # seconds: what was read becomes visible, and is told, at most four times a second
ATTEMPTS = 3
PAUSE = 1.0  # seconds before a camera that went away is tried again; doubled each time


class WorkFailed(DarkroomError):
    """What ends a job for good, with the code of what was in its way."""

    title = "The job could not go on"


class Scan:
    """One scan on its way."""

    def __init__(self, running: RunningJob, row: CameraRow, clips: Clips, events: EventLog) -> None:
        self._running = running
        self._row = row
        self._clips = clips
        self._events = events
        self._waiting: list[ClipReading] = []
        self._written_at = time.monotonic()
        self._done = 0
        self._failed = 0
        self._total = 0

    async def run(self, files: list[FileRow], *, thumbnails: bool) -> dict[str, Any]:
        """Read the files that are not known yet, a few at a time; what is read is kept as it comes."""
        due = await self._clips.unread(self._row, files, thumbnails=thumbnails)
        self._total, self._done = len(files), len(files) - len(due)
        known = self._done
        if due:
            await self._running.progress(self._done, 0, self._total)
        queue = iter(due)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._clips.connections):
                    group.create_task(self._read(queue, thumbnails=thumbnails))
        except BaseExceptionGroup as group_of_errors:
            error = _first(group_of_errors)
            if not isinstance(error, LeaseLost):
                await self._write()  # what was read is kept, though the scan ends
            raise error from None
        await self._write()
        await self._running.progress(self._done, self._failed, self._total)
        return {"clips": self._total, "known": known, "read": len(due) - self._failed, "failed": self._failed}

    async def _read(self, queue: Iterator[FileRow], *, thumbnails: bool) -> None:
        for file in queue:
            self._running.check()
            reading = await self._read_one(file, thumbnails=thumbnails)
            self._done += 1
            if reading is None:
                self._failed += 1
            else:
                self._waiting.append(reading)
            if time.monotonic() - self._written_at >= WRITE_EVERY:
                await self._write()
                await self._running.progress(self._done, self._failed, self._total)

    async def _read_one(self, file: FileRow, *, thumbnails: bool) -> ClipReading | None:
        """None where the file is gone or denied. Raises WorkFailed when the camera stays away."""
        for attempt in range(ATTEMPTS):
            try:
                return await self._clips.read(self._row, file, thumbnail=thumbnails)
            except CameraError as error:
                passes = error.status >= 500 or isinstance(error, TooManyConnects)
                if not passes or attempt == ATTEMPTS - 1:
                    raise WorkFailed(error.detail, code=error.code) from error
            except DarkroomError:
                return None
            await asyncio.sleep(PAUSE * 2**attempt)
            self._running.check()
        raise AssertionError("unreachable")

    async def _write(self) -> None:
        self._written_at = time.monotonic()
        batch, self._waiting = self._waiting, []
        if not batch:
            return

        def work(connection: Connection) -> None:
            file_repository.set_properties(connection, self._row.id, batch)
            data = {
                "camera": self._row.id,
                "job": self._running.id,
                "clips": [{"id": one.file.id, "date": one.file.date, "hour": one.file.hour} for one in batch],
            }
            self._events.append(connection, "clip.ready", f"clips/{self._row.id}", data)

        await self._running.write(work)


class Handlers:
    """The coroutines that the runner calls, one a kind of job."""

    def __init__(
        self,
        database: Database,
        events: EventLog,
        registry: Registry,
        cards: Cards,
        clips: Clips,
        imagestore: ImageStoreClient,
    ) -> None:
        self._database = database
        self._events = events
        self._registry = registry
        self._cards = cards
        self._clips = clips
        self._imagestore = imagestore

    async def scan(self, running: RunningJob) -> dict[str, Any]:
        """List what has changed, then read what is not known."""
        given = running.job.parameters
        row = await self._registry.get(given["camera"])
        await self._list(row, given["date"], given["hour"])
        files = await self._database.read(
            lambda c: file_repository.page(c, row.id, date=given["date"], hour=given["hour"])
        )
        clips = [file for file in files if file.start is not None]
        scan = Scan(running, row, self._clips, self._events)
        return await scan.run(clips, thumbnails=given["thumbnails"])

    async def _list(self, row: CameraRow, date: str | None, hour: int | None) -> None:
        try:
            await self._cards.refresh_now(row, date, hour)
        except DarkroomError as error:
            raise WorkFailed(error.detail, code=error.code) from error

    async def copy(self, running: RunningJob) -> dict[str, Any]:
        """A JPEG of each clip's first key frame; a clip that has none is told of, and ends nothing."""
        given = running.job.parameters
        row = await self._registry.get(given["camera"])
        images: list[str] = []
        failed: list[dict[str, str]] = []
        for number, clip_id in enumerate(given["clips"], 1):
            running.check()
            try:
                images.append(await self._copy_one(row, clip_id, given["tags"]))
            except DarkroomError as error:
                failed.append({"clip": clip_id, "code": error.code, "detail": error.detail})
            except ProblemAnswer as error:
                failed.append({"clip": clip_id, "code": error.problem.code, "detail": error.problem.detail})
            except httpx2.TransportError as error:
                raise WorkFailed("the image store does not answer", code="imagestore_unavailable") from error
            await running.progress(number, len(failed), len(given["clips"]))
        return {"images": images, "failed": failed}

    async def _copy_one(self, row: CameraRow, clip_id: str, tags: list[str]) -> str:
        file, picture = await self._clips.key_frame(row, clip_id)
        stem = "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in file.name[:100])
        name = f"{row.id}-{file.date}-{file.hour:02d}-{stem}.jpg"
        image = await self._imagestore.put(name, picture)
        labels = list(dict.fromkeys([*tags, row.id, file.date]))
        await self._imagestore.change(image.name, ImageChange(add_tags=labels))
        return image.name


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first of several failures that ended a scan together."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
