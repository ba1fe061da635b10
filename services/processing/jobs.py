"""The rules of jobs: submit, look at, cancel, try again, store."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row

from services.processing import repository
from services.processing.item_row import Item, NewItem
from services.processing.job_spec import JobSpec
from services.processing.settings import ProcessingSettings
from services.processing.tables import jobs as jobs_table
from shared.database import Database
from shared.errors import Conflict
from shared.events import EventLog
from shared.jobs import Job, JobBoard, JobRunner, JobState, NewJob, TooManyJobs

KIND = "process"


@dataclass(frozen=True, slots=True)
class Submission:
    """A job that is asked for, its bytes stored. `key` is the Idempotency-Key."""

    spec: JobSpec
    items: Sequence[NewItem]
    store_results: bool
    by: str
    key: str | None

    def digest(self) -> str:
        """Of everything that makes it this request and no other."""
        parameters = {name: value for name, value in self.spec.parameters().items() if name != "folder"}
        images = [
            (one.name, one.pipeline, one.image_name, one.original and one.original.digest, one.error)
            for one in self.items
        ]
        text = json.dumps([parameters, self.store_results, images])
        return hashlib.sha256(text.encode()).hexdigest()


def make_board(settings: ProcessingSettings, log: EventLog) -> JobBoard:
    """The board of the service's jobs."""
    return JobBoard(
        jobs_table,
        log,
        kept=timedelta(hours=settings.kept_hours),
        max_waiting=settings.waiting_jobs,
        attempts=settings.item_attempts,
    )


class Jobs:
    """What can be done with jobs, one transaction each."""

    def __init__(self, database: Database, board: JobBoard, runner: JobRunner, most_waiting: int) -> None:
        self._most = most_waiting
        self._database = database
        self._board = board
        self._runner = runner

    async def check_room(self) -> None:
        """Raises TooManyJobs: asked before a body is read, which may be large."""
        waiting = await self._database.read(repository.waiting_jobs)
        if waiting >= self._most:
            raise TooManyJobs(f"{waiting} jobs are waiting already", headers={"Retry-After": "5"})

    async def submit(self, wanted: Submission) -> tuple[Job, bool]:
        """The job, and whether it is new. Raises TooManyJobs, IdempotencyKeyReused."""
        new = NewJob(
            kind=KIND,
            subject="images",
            parameters=wanted.spec.parameters(),
            by=wanted.by,
            total=len(wanted.items),
            idempotency_key=wanted.key,
            request_digest=wanted.digest(),
        )

        def work(connection: Connection) -> tuple[Job, bool]:
            job, is_new = self._board.add(connection, new)
            if is_new:
                repository.add_items(connection, job.id, wanted.items)
                repository.add_folder(connection, wanted.spec.folder, job.id, store=wanted.store_results)
            return job, is_new

        job, is_new = await self._database.write(work)
        self._runner.wake()
        return job, is_new

    async def page(
        self, before: int | None, limit: int, states: Sequence[JobState]
    ) -> tuple[list[Job], set[int]]:
        """Jobs, newest first; and the ids of those whose results go to the image store."""

        def work(connection: Connection) -> tuple[list[Job], set[int]]:
            jobs = self._board.page(connection, limit=limit, before=before, states=states)
            return jobs, repository.stored_jobs(connection, [job.id for job in jobs])

        return await self._database.read(work)

    async def get(self, job_id: int) -> tuple[Job, bool]:
        """The job, and whether its results go to the image store. Raises JobNotFound."""
        return await self._database.read(
            lambda c: (self._board.find(c, job_id), repository.is_store_wanted(c, job_id))
        )

    async def items(
        self, job_id: int, after: int, limit: int, state: str | None = None
    ) -> Sequence[Row[Any]]:
        """Rows of what is shown of the job's items, in the order of the upload."""
        return await self._database.read(
            lambda c: repository.shown_page(c, job_id, after=after, limit=limit, state=state)
        )

    async def item(self, job_id: int, index: int) -> tuple[Job, Item]:
        """One item, with its job. Raises JobNotFound, ItemNotFound."""
        return await self._database.read(
            lambda c: (self._board.find(c, job_id), repository.find(c, job_id, index))
        )

    async def shown_item(self, job_id: int, index: int) -> tuple[Job, Row[Any]]:
        """The same as a row of what is shown. Raises JobNotFound, ItemNotFound."""
        return await self._database.read(
            lambda c: (self._board.find(c, job_id), repository.find_shown(c, job_id, index))
        )

    async def cancel(self, job_id: int) -> Job:
        """What has not ended is not done any more. Raises JobNotFound."""

        def work(connection: Connection) -> Job:
            job = self._board.cancel(connection, job_id)
            if job.state == "cancelled":
                repository.cancel(connection, job_id)
            return job

        job = await self._database.write(work)
        self._runner.wake(job_id)
        return job

    async def retry(self, job_id: int) -> Job:
        """Failed and cancelled items are tried again. Raises JobNotFound, Conflict."""

        def work(connection: Connection) -> Job:
            if repository.retry(connection, job_id) == 0 and self._board.find(connection, job_id).ended:
                raise Conflict("every image of the job is finished", code="nothing_to_retry")
            return self._again(connection, job_id)

        return await self._start_again(work)

    async def store(self, job_id: int) -> Job:
        """The results of an ended job go to the image store. Raises JobNotFound, Conflict."""

        def work(connection: Connection) -> Job:
            repository.want_stored(connection, job_id)
            job = self._again(connection, job_id)
            if job.done == job.failed:
                raise Conflict("no image of the job is finished", code="nothing_to_store")
            return job

        return await self._start_again(work)

    def _again(self, connection: Connection, job_id: int) -> Job:
        counts = repository.counts(connection, job_id)
        failed = counts.get("failed", 0)
        done = counts.get("finished", 0) + failed
        return self._board.retry(connection, job_id, done=done, failed=failed)

    async def _start_again(self, work: Callable[[Connection], Job]) -> Job:
        job = await self._database.write(work)
        self._runner.wake()
        return job
