"""JobRun: takes one job's items through the workers, while it holds the job's lease.

Everything that it knows is in the rows; it can be cut off anywhere, and another one goes on.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from services.processing import repository
from services.processing.dispatcher import Dispatcher, EngineAway, WorkerDied
from services.processing.fetching import Fetcher
from services.processing.item_row import Item
from services.processing.job_spec import spec_of
from services.processing.settings import ProcessingSettings
from services.processing.worker import Batch, Outcome, Task
from shared.database import Database
from shared.errors import Unavailable, Unprocessable
from shared.jobs import JobBoard, JobCancelled, RunningJob

BATCH_SECONDS = 0.2
GATHER_SECONDS = 0.1
BATCH_ITEMS = 16
SMOOTHING = 0.3
CRASHED = "the image made its worker end {} times: it needs too much memory, or brings the decoder down"
TOO_SLOW = "the image was worked on for {:g} seconds, which is the limit"


class NothingSucceeded(Unprocessable):
    """Every item of the job has failed; each tells why."""

    code = "all_items_failed"
    title = "No image could be processed"


@dataclass(slots=True)
class Ended:
    """How the items of one batch ended, to be written by one transaction."""

    outcomes: list[Outcome] = field(default_factory=list)
    back: list[tuple[int, int]] = field(default_factory=list)
    blamed: list[tuple[int, int, int, dict[str, Any]]] = field(default_factory=list)
    away: bool = False


@dataclass(frozen=True, slots=True)
class Means:
    """What every run of a job needs."""

    settings: ProcessingSettings
    database: Database
    board: JobBoard
    dispatcher: Dispatcher
    fetcher: Fetcher
    staging: str


class JobRun:
    """One job being run. `stopping` is set when the service ends: what has begun is finished, no more."""

    def __init__(self, means: Means, running: RunningJob, stopping: asyncio.Event) -> None:
        self._means = means
        self._running = running
        self._stopping = stopping
        self._spec = spec_of(running.job)
        self._taken: deque[Item] = deque()
        self._batches: set[asyncio.Task[Ended]] = set()
        self._done = self._failed = 0
        self._seconds = 0.0  # what an item takes, smoothed; 0 where not known yet
        self._more = False

    async def run(self) -> dict[str, Any]:
        """Until every item has ended. Raises JobCancelled, NothingSucceeded, Unavailable, LeaseLost.

        Raises CancelledError when the service is stopping, with what it had handed out given back.
        """
        counts = await self._running.write(self._begin)
        self._done = sum(counts.get(state, 0) for state in ("finished", "failed"))
        self._failed = counts.get("failed", 0)
        self._more = counts.get("waiting", 0) > 0
        try:
            if self._more:
                with self._means.dispatcher.needed():
                    await self._work()
        except JobCancelled:
            await self._running.write(lambda c: repository.cancel(c, self._running.id))
            raise
        finally:
            for batch in self._batches:
                batch.cancel()
            await asyncio.gather(*self._batches, return_exceptions=True)
        if self._failed and self._failed == self._running.job.total:
            raise NothingSucceeded(
                f"none of the {self._failed} images could be processed; each item tells why"
            )
        return {"finished": self._done - self._failed, "failed": self._failed}

    def _begin(self, connection: Connection) -> dict[str, int]:
        """What somebody had handed out before us waits again."""
        repository.give_back(connection, self._running.id)
        return repository.counts(connection, self._running.id)

    async def _work(self) -> None:
        while True:
            self._running.check()
            if self._stopping.is_set():
                await self._hand_back()
                if not self._batches:
                    raise asyncio.CancelledError
            else:
                if self._means.dispatcher.there.is_set():
                    await self._fill()
                if not (self._batches or self._taken or self._more):
                    return
            await self._settle(await self._next_ended())

    async def _fill(self) -> None:
        """Have as many batches under way as there is room for."""
        room = self._means.dispatcher.room
        if self._more and len(self._taken) < room:
            limit = room * self._batch_items() * 2
            taken = await self._running.write(lambda c: repository.take(c, self._running.id, limit))
            self._more = len(taken) == limit
            self._taken.extend(taken)
        while self._taken and len(self._batches) < 2 * room:
            self._batches.add(asyncio.create_task(self._run_batch(self._next_batch())))

    def _batch_items(self) -> int:
        if not self._seconds:
            return 1
        return max(1, min(BATCH_ITEMS, round(BATCH_SECONDS / self._seconds)))

    def _next_batch(self) -> list[Item]:
        """Some items together; one that a worker died at before is alone."""
        batch = [self._taken.popleft()]
        while self._taken and len(batch) < self._batch_items() and not batch[0].crashes:
            if self._taken[0].crashes:
                break
            batch.append(self._taken.popleft())
        return batch

    async def _next_ended(self) -> list[Ended]:
        """What has ended by now, at least one; nothing when someone cancels."""
        signs = {asyncio.create_task(self._running.cancelled.wait())}
        if not self._stopping.is_set():
            signs.add(asyncio.create_task(self._stopping.wait()))
        if not self._means.dispatcher.there.is_set():  # until then, what is not done stays in line
            signs.add(asyncio.create_task(self._means.dispatcher.there.wait()))
        try:
            done: set[asyncio.Task[Any]]
            done, _ = await asyncio.wait(self._batches | signs, return_when=asyncio.FIRST_COMPLETED)
            others = self._batches - done
            # What ends together is written together; the workers have more to do meanwhile.
            if others and not done & signs:
                done |= (await asyncio.wait(others, timeout=GATHER_SECONDS))[0]
        finally:
            for sign in signs:
                sign.cancel()
        batches = self._batches & done
        self._batches -= batches
        return [batch.result() for batch in batches]

    async def _settle(self, ended: Sequence[Ended]) -> None:
        """Write what became of items, and how far the job is, in one transaction."""
        if not ended:
            return
        outcomes = [outcome for one in ended for outcome in one.outcomes]
        back = [place for one in ended for place in one.back]
        blamed = [blame for one in ended for blame in one.blamed]

        def work(connection: Connection) -> tuple[int, int]:
            repository.end(connection, self._running.id, outcomes)
            repository.give_back(connection, self._running.id, back)
            for index, run, most, error in blamed:
                repository.blame(connection, self._running.id, index, run, most, error)
            done, failed = self._done + len(outcomes), self._failed
            failed += sum(outcome.state == "failed" for outcome in outcomes)
            if blamed:
                counts = repository.counts(connection, self._running.id)
                failed = counts.get("failed", 0)
                done = counts.get("finished", 0) + failed
            job = self._means.board.progress(
                connection, self._running.id, self._running.owner, done=done, failed=failed
            )
            self._running.saw(job)
            return done, failed

        self._done, self._failed = await self._means.database.write(work)
        self._more = self._more or bool(back or blamed)
        for outcome in outcomes:
            self._pace(outcome.seconds)
        if any(one.away for one in ended):
            raise Unavailable("the blob store does not answer")

    def _pace(self, seconds: float) -> None:
        self._seconds = (
            seconds if not self._seconds else self._seconds + SMOOTHING * (seconds - self._seconds)
        )

    async def _hand_back(self) -> None:
        """What no worker has yet waits for the next start."""
        places = [(item.index, item.run) for item in self._taken]
        self._taken.clear()
        self._more = False
        if places:
            await self._running.write(lambda c: repository.give_back(c, self._running.id, places))

    async def _run_batch(self, items: list[Item]) -> Ended:
        ended = Ended()
        present = []
        for item in items:
            fetched = await self._fetch(item, ended)
            if fetched is not None:
                present.append(fetched)
        if present:
            await self._run_present(present, ended)
        return ended

    async def _fetch(self, item: Item, ended: Ended) -> Item | None:
        """The item, with its bytes in our own store."""
        if item.original is not None:
            return item
        fetched = await self._means.fetcher.fetch(item, self._spec.original_key(item.index))
        if isinstance(fetched, Item):
            original = fetched.original
            assert original is not None
            await self._running.write(
                lambda c: repository.keep_original(c, self._running.id, item.index, original)
            )
            return fetched
        ended.outcomes.append(Outcome(item.index, item.run, "failed", error=fetched))
        return None

    async def _run_present(self, items: list[Item], ended: Ended) -> None:
        places = [(item.index, item.run) for item in items]
        try:
            outcomes = await self._means.dispatcher.run(self._batch(items), alone=bool(items[0].crashes))
        except EngineAway:
            ended.back += places
        except WorkerDied as died:
            ended.blamed += [(*place, *self._verdict(len(items), died.seconds)) for place in places]
        else:
            ended.away = any(one.state == "away" for one in outcomes)
            ended.outcomes += [one for one in outcomes if one.state in {"finished", "failed"}]
            ended.back += [(one.index, one.run) for one in outcomes if one.state in {"unstarted", "away"}]

    def _verdict(self, count: int, seconds: float) -> tuple[int, dict[str, Any]]:
        """After how many crashes the item has failed, and what is said of it then."""
        settings = self._means.settings
        if count == 1 and seconds >= settings.item_seconds:
            return 1, {"code": "item_too_slow", "detail": TOO_SLOW.format(settings.item_seconds)}
        most = settings.item_attempts
        return most, {"code": "worker_died", "detail": CRASHED.format(most)}

    def _batch(self, items: list[Item]) -> Batch:
        settings = self._means.settings
        tasks = tuple(
            Task(
                item.index,
                item.run,
                item.pipeline or self._spec.pipeline,
                item.original.key,
                self._spec.result_key(item.index, item.run),
            )
            for item in items
            if item.original is not None
        )
        return Batch(
            tasks,
            self._spec.output,
            settings.limits,
            settings.effective_blobs_url,
            self._means.staging,
            settings.item_seconds,
            BATCH_SECONDS,
        )
