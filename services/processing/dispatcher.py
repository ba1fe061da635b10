"""Dispatcher: hands batches of leased items to Dask's workers, and tells how each ended.

The rows are the truth: nothing here is remembered. Dask neither chooses workers nor tries again: each batch
is given to one worker, so that a worker's death can be told of the batch that it was at.
"""

import asyncio
import uuid
from contextlib import suppress
from typing import Any

from distributed import Client
from distributed.client import FutureCancelledError
from distributed.security import Security

from services.processing.embedded import Engine
from services.processing.seats import Seat, Seats, SeatsClosed
from services.processing.worker import Batch, Outcome, run_batch
from shared.logging import get_logger

WATCH_SECONDS = 0.5
ANSWER_SECONDS = 5.0
PAUSE_SECONDS = 0.5
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
    """The connection to the engine, kept up in the background from `start` to `close`."""

    def __init__(self, engine: Engine, security: Security | None = None) -> None:
        self._engine = engine
        self._security = security
        self._client: Client | None = None
        self._seats = Seats()
        self._keeping: asyncio.Task[None] | None = None
        self._look = asyncio.Event()

    def start(self) -> None:
        """Connect, in the background, and again whenever the connection is lost."""
        self._keeping = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """Let go of the engine, and end it where it is our own."""
        if self._keeping is not None:
            self._keeping.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeping
        await self._engine.close()

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
        future = self._client.submit(
            run_batch, batch, key=f"batch-{uuid.uuid4().hex}", workers=[seat.address],
            allow_other_workers=False, pure=False,
        )  # fmt: skip
        try:
            return await self._result(future, seat, ticket, batch)
        finally:
            future.release()  # one that was not begun is forgotten; a worker that is at it ends it for nobody

    async def _result(self, future: Any, seat: Seat, ticket: object, batch: Batch) -> list[Outcome]:
        waiting = asyncio.ensure_future(_outcomes(future))
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
        if isinstance(found, FutureCancelledError):
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
            try:
                await self._connect()
                await self._watch()
            except (OSError, TimeoutError, ValueError) as error:
                log.warning("the workers cannot be reached", reason=str(error) or type(error).__name__)
            finally:
                await self._disconnect()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _connect(self) -> None:
        address = await self._engine.address()
        # kept before it is connected: one that never is has to be closed, too
        self._client = client = Client(
            address, asynchronous=True, set_as_default=False, timeout=ANSWER_SECONDS, security=self._security
        )
        await client
        await client.run_on_scheduler(_no_second_tries)

    async def _watch(self) -> None:
        """Keep the list of workers; raises OSError when the scheduler is gone."""
        while True:
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
            self._look.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._look.wait(), WATCH_SECONDS if running else WATCH_SECONDS / 5)

    async def _disconnect(self) -> None:
        client, self._client = self._client, None
        self._seats.forsake()
        if client is not None:
            with suppress(OSError, TimeoutError):
                await client.close(timeout=1)


async def _outcomes(future: Any) -> list[Outcome] | BaseException:
    """What the batch brought, or the exception that it ended by, Dask's own kind of cancellation too."""
    try:
        found: list[Outcome] = await future
    except FutureCancelledError as cancelled:
        return cancelled
    except Exception as error:  # noqa: BLE001 - the caller tells them apart
        return error
    return found


def _no_second_tries(dask_scheduler: Any) -> None:
    """On the scheduler: a worker's death is told at once."""
    dask_scheduler.allowed_failures = 0
