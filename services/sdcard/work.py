"""The jobs of the service: begun, looked at, cancelled, and run again. One transaction a call."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any

from services.sdcard.camera_repository import CameraRow
from services.sdcard.dates import real_date
from services.sdcard.seed import fold
from shared.contracts.sdcard import NewCopy, NewScan
from shared.database import Database
from shared.errors import Unprocessable
from shared.jobs import Job, JobBoard, JobState, NewJob

SCAN, COPY = "scan", "copy"
LOOK_SECONDS = 0.25  # how often a waiting caller looks for what another replica did
Wake = Callable[[int], None]


class Work:
    """Jobs on the board. `wake` tells the runner of this process that there is something to do."""

    def __init__(self, database: Database, board: JobBoard, wake: Wake) -> None:
        self._database = database
        self._board = board
        self._wake = wake

    async def start_scan(self, row: CameraRow, wanted: NewScan, by: str, key: str | None) -> Job:
        """A scan of an hour, a date or all. Raises Unprocessable, TooManyJobs."""
        if wanted.hour is not None and wanted.date is None:
            raise Unprocessable("hour: name the date that it belongs to", code="date_needed")
        real_date(wanted.date)
        return await self._start(SCAN, row, wanted.model_dump(), by, key)

    async def start_copy(self, row: CameraRow, wanted: NewCopy, by: str, key: str | None) -> Job:
        """A copy of clips' key frames into the image store. Raises TooManyJobs."""
        given = {**wanted.model_dump(), "clips": list(dict.fromkeys(wanted.clips))}
        return await self._start(COPY, row, given, by, key, total=len(given["clips"]))

    async def _start(
        self, kind: str, row: CameraRow, given: dict[str, Any], by: str, key: str | None, total: int = 0
    ) -> Job:
        parameters = {"camera": row.id, **given}
        said = json.dumps([kind, parameters], sort_keys=True)
        new = NewJob(
            kind=kind,
            subject=f"cameras/{row.id}",
            parameters=parameters,
            by=by,
            total=total,
            idempotency_key=key,
            request_digest=hashlib.sha256(said.encode()).hexdigest(),
        )
        job, _ = await self._database.write(lambda c: self._board.add(c, new))
        self._wake(0)
        return job

    async def get(self, job_id: int, wait: float = 0.0) -> Job:
        """The job; with `wait`, once it has ended or so many seconds are over. Raises JobNotFound."""
        changed = asyncio.Event()
        stop = self._database.on_commit(changed.set)
        end = asyncio.get_running_loop().time() + wait
        try:
            while True:
                changed.clear()
                job = await self._database.read(lambda c: self._board.find(c, job_id))
                left = end - asyncio.get_running_loop().time()
                if job.ended or left <= 0:
                    return job
                await _set_within(changed, min(left, LOOK_SECONDS))
        finally:
            stop()

    async def page(
        self, limit: int, before: int | None, states: Sequence[JobState], camera: str | None
    ) -> list[Job]:
        """Jobs, newest first."""
        subject = None if camera is None else f"cameras/{fold(camera)}"
        return await self._database.read(
            lambda c: self._board.page(c, limit=limit, before=before, states=states, subject=subject)
        )

    async def cancel(self, job_id: int) -> Job:
        """Ask it to stop. Raises JobNotFound."""
        job = await self._database.write(lambda c: self._board.cancel(c, job_id))
        self._wake(job_id)
        return job

    async def retry(self, job_id: int) -> Job:
        """Let an ended one wait again. Raises JobNotFound, Conflict."""
        job = await self._database.write(lambda c: self._board.retry(c, job_id, done=0, failed=0))
        self._wake(0)
        return job


async def _set_within(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
