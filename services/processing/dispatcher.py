"""Dispatcher: hands batches of leased items to Dask's workers, and tells how each ended.

The rows are the truth: nothing here is remembered. Dask neither chooses workers nor tries again: each batch
is given to one worker, so that a worker's death can be told of the batch that it was at.
"""

import asyncio
import importlib
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from services.processing.embedded import Engine, Tls
from services.processing.seats import Seat, Seats, SeatsClosed
from services.processing.worker import Batch, Outcome
from shared.logging import get_logger

if TYPE_CHECKING:
    from services.processing.engine_client import Client

WATCH_SECONDS = 0.5
ANSWER_SECONDS = 5.0
PAUSE_SECONDS = 0.5
END_SECONDS = 2.0
GRACE_SECONDS = 30.0  # beyond an item's own time, after which its worker should have ended by itself
log = get_logger("dispatcher")


class EngineAway(Exception):
    """Raised when the scheduler is gone, or the batch had not been begun: the items go back untouched."""


class WorkerDied(Exception):
    """Raised when the worker is dead that was at this batch, for so many `seconds`, or could not read it."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Dispatcher:
    """The connection to the engine, kept up in the background from `start` to `close` while it is needed.

    When nothing has needed it for `idle_seconds`, it is let go, and ended where it is our own; 0: never.
    """

    def __init__(self, engine: Engine, tls: Tls | None = None, idle_seconds: float = 0.0) -> None:
        self._engine = engine
        self._tls = tls
        self._idle_seconds = idle_seconds
        self._dask: Any = None  # the module engine_client, once it is loaded
        self._client: Client | None = None
        self._seats = Seats()
        self._keeping: asyncio.Task[None] | None = None
        self._look = asyncio.Event()
        self._wanted = asyncio.Event()
        self._users = 0
        self._idle_since = 0.0
        self.there = asyncio.Event()
        """Set while there are workers."""

    def start(self, *, now: bool) -> None:
        """Connect, in the background, and again whenever the connection is lost: `now`, or when needed."""
        if now:
            self._wanted.set()
        self._keeping = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """Let go of the engine, and end it where it is our own."""
        if self._keeping is not None:
            await _end(self._keeping)
        await self._engine.close()

    @contextmanager
    def needed(self) -> Iterator[None]:
        """For so long, the engine is there, or on its way."""
        self._users += 1
        self._wanted.set()
        try:
            yield
        finally:
            self._users -= 1
            self._idle_since = time.monotonic()

    @property
    def is_needed(self) -> bool:
        """Whether anything is at work there, or about to come."""
        return self._users > 0

    def refuse(self) -> None:
        """Give no worker anything more: what is not with one by now is EngineAway."""
        self._seats.close()

    @property
    def room(self) -> int:
        """How many batches the workers take at the moment, at least 1."""
        return max(self._seats.room, 1)

    async def run(self, batch: Batch, *, alone: bool = False) -> list[Outcome]:
        """An outcome for each of the batch's tasks. Waits for a worker; `alone`: with nothing beside it.

        Raises EngineAway and WorkerDied.
        """
        ticket = object()
        try:
            seat = await self._seats.take(ticket, alone=alone)
        except SeatsClosed:
            raise EngineAway from None
        try:
            return await self._run_at(seat, ticket, batch)
        finally:
            self._seats.leave(seat, ticket)

    async def _run_at(self, seat: Seat, ticket: object, batch: Batch) -> list[Outcome]:
        if self._client is None or seat.gone.is_set():
            raise EngineAway
        future = self._dask.submit(self._client, batch, f"batch-{uuid.uuid4().hex}", seat.address)
        try:
            return await self._result(future, seat, ticket, batch)
        finally:
            future.release()  # one that was not begun is forgotten; a worker that is at it ends it for nobody

    async def _result(self, future: Any, seat: Seat, ticket: object, batch: Batch) -> list[Outcome]:
        waiting = asyncio.ensure_future(self._dask.outcomes(future))
        gone = asyncio.ensure_future(seat.gone.wait())
        # one batch may be before it, and each begins its last item in its own time
        seconds = GRACE_SECONDS + 2 * (batch.item_seconds + batch.batch_seconds)
        try:
            await asyncio.wait({waiting, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                return self._take(waiting, seat, ticket)
            if not gone.done():
                log.error("a worker does not answer and is ended", worker=seat.address)
                await self._restart(seat)
            raise self._loss(seat, ticket)
        finally:
            waiting.cancel()
            gone.cancel()

    def _take(self, waiting: "asyncio.Future[Any]", seat: Seat, ticket: object) -> list[Outcome]:
        found = waiting.result()
        if isinstance(found, list):
            return found
        if isinstance(found, self._dask.FutureCancelledError):
            raise EngineAway
        if type(found).__name__ == "KilledWorker":
            self._seats.remove(seat)
            self._look.set()
            raise self._loss(seat, ticket)
        log.error("a worker could not run a batch", worker=seat.address, exc_info=found)
        raise WorkerDied(0.0)

    def _loss(self, seat: Seat, ticket: object) -> Exception:
        return WorkerDied(seat.seconds(ticket)) if seat.blames(ticket) else EngineAway()

    async def _restart(self, seat: Seat) -> None:
        self._seats.remove(seat)
        if self._client is not None:
            with suppress(OSError, TimeoutError):
                await self._client.restart_workers(
                    [seat.address], timeout=ANSWER_SECONDS, raise_for_error=False
                )

    async def _keep(self) -> None:
        while True:
            await self._wanted.wait()
            try:
                await self._connect()
                await self._watch()
            except (OSError, TimeoutError, ValueError) as error:
                log.warning("the workers cannot be reached", reason=str(error) or type(error).__name__)
            except Exception as error:  # Dask raises more kinds than it tells of; without us no job would run
                log.error("the connection to the workers crashed", exc_info=error)
            finally:
                await self._disconnect()
            if self._is_idle():
                self._wanted.clear()
                await self._engine.close()
            else:
                await asyncio.sleep(PAUSE_SECONDS)

    def _is_idle(self) -> bool:
        if self._users or not self._idle_seconds:
            return False
        return time.monotonic() - self._idle_since >= self._idle_seconds

    async def _connect(self) -> None:
        module = "services.processing.engine_client"
        loading = asyncio.create_task(asyncio.to_thread(importlib.import_module, module))
        address = await self._engine.address()
        self._dask = await loading
        # kept before it is connected: one that never is has to be closed, too
        self._client = client = self._dask.unconnected(address, self._tls, ANSWER_SECONDS)
        async with asyncio.timeout(2 * ANSWER_SECONDS):
            await self._dask.connected(client)

    async def _watch(self) -> None:
        """Keep the list of workers, until it is idle; raises OSError when the scheduler is gone."""
        while not self._is_idle():
            client = self._client
            if client is None or client.status != "running" or client.scheduler is None:
                raise OSError("the connection to the scheduler is lost")
            async with asyncio.timeout(ANSWER_SECONDS):
                told = await client.scheduler.identity(n_workers=-1)
            running = {
                address: worker["nthreads"]
                for address, worker in told["workers"].items()
                if worker.get("status", "running") == "running"
            }
            self._seats.update(running)
            if running:
                self.there.set()
            else:
                self.there.clear()
            self._look.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._look.wait(), WATCH_SECONDS if running else WATCH_SECONDS / 5)

    async def _disconnect(self) -> None:
        client, self._client = self._client, None
        self._seats.forsake()
        self.there.clear()
        if client is not None:
            await self._dask.let_go(client)


async def _end(task: "asyncio.Task[None]") -> None:
    """Cancel it, again where it was not heard: some of Dask's own waits swallow a cancellation."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=END_SECONDS)
