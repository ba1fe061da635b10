"""JobRunner: claims jobs, also those of the dead, runs their handlers, and keeps their leases alive."""

import asyncio
import os
import socket
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection

from shared.database import Database
from shared.errors import DarkroomError, Unavailable
from shared.jobs.board import JobBoard, LeaseLost
from shared.jobs.row import Job, JobState
from shared.logging import get_logger

T = TypeVar("T")
Handler = Callable[["RunningJob"], Awaitable[Mapping[str, Any] | None]]
RETRY_AFTER = 1.0  # seconds until the next try when the database does not answer
log = get_logger("jobs")


class JobCancelled(Exception):
    """A handler raises it when it has stopped because it was asked to."""


class RunningJob:
    """What a handler has of its job while it holds the lease."""

    def __init__(self, job: Job, owner: str, board: JobBoard, database: Database) -> None:
        self.job = job
        self.owner = owner
        self.cancelled = asyncio.Event()
        self.lost = False
        self._board = board
        self._database = database

    @property
    def id(self) -> int:
        """The job's id."""
        return self.job.id

    def check(self) -> None:
        """Raises JobCancelled when someone asked for it: call it between items."""
        if self.cancelled.is_set():
            raise JobCancelled

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Like Database.write, but only while the lease holds. Raises LeaseLost, and nothing was written."""

        def fenced(connection: Connection) -> T:
            self._board.hold(connection, self.job.id, self.owner)
            return work(connection)

        return await self._database.write(fenced)

    async def progress(self, done: int, failed: int = 0, total: int | None = None) -> None:
        """Write how far it is; told at most four times a second. Raises LeaseLost."""
        job = await self._database.write(
            lambda c: self._board.progress(c, self.job.id, self.owner, done=done, failed=failed, total=total)
        )
        self.saw(job)

    def saw(self, job: Job) -> None:
        """Take over what the row says by now."""
        self.job = job
        if job.cancel_wanted:
            self.cancelled.set()


class JobRunner:
    """Runs up to `concurrent` jobs at once. Handlers are coroutines that hand blocking work to threads.

    A handler returns the job's result (JSON), or None. What it raises ends the job: JobCancelled as
    cancelled, a DarkroomError as failed with its problem, Unavailable and anything else puts it back
    to be tried again, until the board gives it up. A handler whose lease is lost is cancelled.
    """

    def __init__(
        self,
        database: Database,
        board: JobBoard,
        handlers: Mapping[str, Handler],
        *,
        concurrent: int = 1,
        lease_seconds: float = 15.0,
        poll_seconds: float = 2.0,
    ) -> None:
        self._database = database
        self._board = board
        self._handlers = dict(handlers)
        self._lease = timedelta(seconds=lease_seconds)
        self._poll = poll_seconds
        self._free = asyncio.Semaphore(concurrent)
        self._woken = asyncio.Event()
        self._running: dict[int, tuple[RunningJob, asyncio.Task[None]]] = {}
        self._claiming: asyncio.Task[None] | None = None
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"

    async def start(self, *, alone: bool) -> None:
        """Begin to claim. `alone`: no other process runs these jobs, so every lease is of the dead."""
        if alone:
            await self._database.write(self._board.free_all)
        self._claiming = asyncio.create_task(self._claim_for_ever())

    def wake(self, job_id: int = 0) -> None:
        """Look for work now: call it after adding. With an id, that job sees now that it is cancelled."""
        self._woken.set()
        if job_id in self._running:
            self._running[job_id][0].cancelled.set()

    async def close(self, seconds: float = 0.0) -> None:
        """Claim no more, let what runs finish for so long, then give the rest back for the next start."""
        if self._claiming is None:
            return
        self._claiming.cancel()
        with suppress(asyncio.CancelledError):
            await self._claiming
        tasks = [task for _, task in self._running.values()]
        if tasks and seconds > 0:
            await asyncio.wait(tasks, timeout=seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _claim_for_ever(self) -> None:
        while True:
            self._woken.clear()
            await self._free.acquire()
            job = None
            try:
                job = await self._claim()
            finally:
                if job is None:
                    self._free.release()
            if job is None:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), self._poll)
                continue
            running = RunningJob(job, self.owner, self._board, self._database)
            running.saw(job)
            self._running[job.id] = (running, asyncio.create_task(self._run(running)))

    async def _claim(self) -> Job | None:
        """A job; None where there is none, or the database does not answer now."""
        kinds = tuple(self._handlers)
        try:
            waiting = await self._database.read(lambda c: self._board.claimable(c, kinds))
            if not waiting:  # looked at first: an empty claim would cost every poll a commit
                return None
            return await self._database.write(lambda c: self._board.claim(c, self.owner, self._lease, kinds))
        except Exception as error:
            log.error("no job could be claimed", exc_info=error)
            await asyncio.sleep(RETRY_AFTER)
            return None

    async def _run(self, running: RunningJob) -> None:
        work = asyncio.ensure_future(self._handlers[running.job.kind](running))
        beating = asyncio.create_task(self._beat(running, work))
        try:
            await self._settle(running, work)
        except LeaseLost:
            log.warning("a job is somebody else's by now", job=running.id)
        except Exception as error:  # the database went away at the very end: the lease will run out
            log.error("a job could not be ended", job=running.id, exc_info=error)
        finally:
            beating.cancel()
            del self._running[running.id]
            self._free.release()

    async def _settle(self, running: RunningJob, work: "asyncio.Future[Mapping[str, Any] | None]") -> None:
        """Wait for the handler, and write down how it ended."""
        try:
            result = await work
        except asyncio.CancelledError:
            if running.lost:
                raise LeaseLost from None
            await self._give_back(running)  # we are closing: the next start goes on with it
        except JobCancelled:
            await self._finish(running, "cancelled")
        except Unavailable as error:
            log.warning("a job has to wait", job=running.id, reason=error.detail)
            await asyncio.sleep(RETRY_AFTER)
            await self._give_back(running)
        except DarkroomError as error:
            problem = {"status": error.status, "code": error.code, "detail": error.detail, **error.extra}
            await self._finish(running, "failed", error=problem)
        except LeaseLost:
            raise
        except Exception as error:
            log.error("a job crashed", job=running.id, exc_info=error)
            await asyncio.sleep(RETRY_AFTER)
            await self._give_back(running, counted=True)
        else:
            await self._finish(running, "finished", result=result)

    async def _finish(
        self,
        running: RunningJob,
        state: JobState,
        *,
        result: Mapping[str, Any] | None = None,
        error: Mapping[str, Any] | None = None,
    ) -> None:
        await self._database.write(
            lambda c: self._board.finish(c, running.id, self.owner, state, result=result, error=error)
        )

    async def _give_back(self, running: RunningJob, *, counted: bool = False) -> None:
        await self._database.write(lambda c: self._board.release(c, running.id, self.owner, counted=counted))
        self._woken.set()

    async def _beat(self, running: RunningJob, work: "asyncio.Future[Any]") -> None:
        """Renew the lease at a third of its length; what is lost is stopped."""
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            try:
                running.saw(
                    await self._database.write(
                        lambda c: self._board.renew(c, running.id, self.owner, self._lease)
                    )
                )
            except LeaseLost:
                running.lost = True
                work.cancel()
                return
            except Exception as error:
                log.error("a lease could not be renewed", job=running.id, exc_info=error)
