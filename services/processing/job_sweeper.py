"""JobSweeper: jobs whose time is over go, with their bytes; and bytes that no job names."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from sqlalchemy import Connection

from services.processing import repository
from services.processing.job_spec import folder_of, spec_of
from shared.blobs import BlobStore
from shared.database import Database
from shared.database.types import now
from shared.errors import DarkroomError
from shared.events import EventLog
from shared.jobs import Job, JobBoard
from shared.logging import get_logger

BATCH = 500
STRAY_AGE = timedelta(hours=24)  # far longer than any upload takes
log = get_logger("sweeper")


class JobSweeper:
    """Bytes go first, then the rows that name them: a sweep that is cut off is done again."""

    def __init__(
        self, database: Database, board: JobBoard, events: EventLog, blobs: BlobStore, event_days: float
    ) -> None:
        self._database = database
        self._board = board
        self._events = events
        self._blobs = blobs
        self._event_age = timedelta(days=event_days)

    async def run(self, seconds: float) -> None:
        """Sweep every so often, for ever; a failure is logged, and the next round tries again."""
        while True:
            try:
                await self.sweep()
            except Exception as error:
                log.error("sweep failed", exc_info=error)
            await asyncio.sleep(seconds)

    async def sweep(self) -> int:
        """One round; returns how many jobs it removed."""
        removed = 0
        while jobs := await self._database.read(lambda c: self._board.expired(c, now())):
            for job in jobs:
                removed += await self._remove(job)
        await self._database.write(lambda c: self._events.trim(c, now() - self._event_age))
        await self._sweep_strays()
        if removed:
            log.info("swept", jobs=removed)
        return removed

    async def _remove(self, job: Job) -> int:
        spec = spec_of(job)
        after = -1
        while items := await self._database.read(
            partial(repository.page, job_id=job.id, after=after, limit=BATCH)
        ):
            await asyncio.to_thread(
                self._delete, [key for item in items for key in spec.keys(item.index, item.run)]
            )
            after = items[-1].index

        def forget(connection: Connection) -> None:
            repository.forget_folder(connection, spec.folder)
            self._board.forget(connection, [job.id])

        await self._database.write(forget)
        return 1

    def _delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            self._blobs.delete(key)

    async def _sweep_strays(self) -> None:
        """Uploads that broke off before their job was there."""
        before = now() - STRAY_AGE
        known = await self._database.read(repository.known_folders)

        def remove() -> None:
            for info in self._blobs.scan("jobs"):
                if info.modified < before and folder_of(info.key) not in known:
                    self._blobs.delete(info.key)

        await asyncio.to_thread(remove)

    async def discard(self, keys: Sequence[str]) -> None:
        """Bytes of an upload that came to nothing; what cannot be removed now is swept later."""
        try:
            await asyncio.to_thread(self._delete, keys)
        except (DarkroomError, OSError) as error:
            log.warning("an upload's bytes are left to the sweeper", reason=str(error))
