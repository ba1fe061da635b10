"""Group commit for SQLite: one writer thread, and one fsync for all writes that wait together."""

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from shared.database.engine import WRITES
from shared.errors import Unavailable

T = TypeVar("T")
GROUP = 64  # writes in one commit at the most: bounds what one failing commit takes with it
HELD_SECONDS = 1.0  # how long a commit waits for what it names; what takes longer comes in a later one


class Hold:
    """Keeps a write from its commit until what it names is durable, which another thread sees to."""

    def __init__(self) -> None:
        self.error: BaseException | None = None
        self._lock = threading.Lock()
        self._settled = threading.Event()
        self._given_up = False

    def release(self, error: BaseException | None = None) -> bool:
        """It is durable, or failed. False where the writer has given the write up: queue it again then."""
        with self._lock:
            self.error = error
            self._settled.set()
            return not self._given_up

    def wait(self, seconds: float) -> bool:
        """Whether it was released; after so many seconds the write is given up."""
        if self._settled.wait(seconds):
            return True
        with self._lock:
            self._given_up = not self._settled.is_set()
            return not self._given_up


@dataclass(slots=True)
class _Waiting:
    work: Callable[[Connection], Any]
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Any]"
    hold: Hold | None = None
    savepoint: str = "work"
    result: Any = None
    error: BaseException | None = None
    is_given_up: bool = False


class GroupWriter:
    """Runs writes one after the other in a thread of its own.

    SQLite has one writer at a time whatever we do; with all writes in one thread none of them ever
    meets a locked database, and those that queued while a commit was waiting for the disk share
    the next commit. Each stands in a savepoint, so one that raises undoes itself alone.

    Those that are held run while the disk takes what they name, and are the last ones of their group: where
    that fails, only they are undone, and those behind them done again. They can be run twice.
    """

    def __init__(self, engine: Engine, waiting: int) -> None:
        self._engine = engine
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._room = waiting
        self._ended = False
        self._next: _Waiting | None = None  # taken from the queue, for the next group
        self._connection: Connection | None = None  # kept from group to group
        self._thread = threading.Thread(target=self._run, name="write", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many writes are in line."""
        return self._queue.qsize()

    async def submit(self, work: Callable[[Connection], T]) -> T:
        """Queue the work and wait for its commit. A caller that is cancelled leaves it to be done."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self.queue(work, future, loop)
        return await future

    def queue(
        self,
        work: Callable[[Connection], T],
        future: "asyncio.Future[T]",
        loop: asyncio.AbstractEventLoop,
        hold: Hold | None = None,
    ) -> None:
        """Queue the work, from any thread; its commit settles the loop's future. Raises Unavailable."""
        if self._queue.qsize() >= self._room:
            raise Unavailable(
                "too many writes are waiting", code="too_many_writes", headers={"Retry-After": "1"}
            )
        self._queue.put(_Waiting(work, loop, future, hold))

    def close(self) -> None:
        """Do what is queued, then stop the thread."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while not self._ended:
            first, self._next = self._next or self._queue.get(), None
            if first is None:
                break
            group = [first]
            try:
                self._commit_group(group)
            except BaseException as error:  # noqa: BLE001 - each waiting caller gets it; the thread goes on
                for waiting in group:
                    waiting.error = waiting.error or error
            self._answer(group)
        if self._connection is not None:
            self._connection.close()

    def _commit_group(self, group: list[_Waiting]) -> None:
        """Run the group, which grows by what comes in meanwhile, and commit it."""
        connection = self._connection
        if connection is None:
            connection = self._engine.connect().execution_options(**{WRITES: True})
        try:
            connection.begin()
            self._run_group(connection, group)
            self._settle_held(connection, [waiting for waiting in group if waiting.hold is not None])
            connection.commit()
        except BaseException:
            # SQLite leaves the transaction open, and SQLAlchemy takes it for ended: the connection would
            # begin no other one, and the first full disk would be the last write.
            self._connection = None
            connection.invalidate()
            connection.close()
            raise
        self._connection = connection

    def _run_group(self, connection: Connection, group: list[_Waiting]) -> None:
        self._run_one(connection, group[0])
        while len(group) < GROUP and not self._ended:
            try:
                following = self._queue.get_nowait()
            except queue.Empty:
                break
            if following is None:
                self._ended = True
            elif following.hold is None and group[-1].hold is not None:
                self._next = following
                break
            else:
                following.savepoint = f"work{len(group)}"
                group.append(following)
                self._run_one(connection, following)

    @staticmethod
    def _run_one(connection: Connection, waiting: _Waiting) -> None:
        # Savepoints go past SQLAlchemy, whose own cost as much as two of the statements inside.
        raw = _driver(connection)
        raw.execute(f"SAVEPOINT {waiting.savepoint}")
        try:
            waiting.result = waiting.work(connection)
            if waiting.hold is None:
                raw.execute(f"RELEASE {waiting.savepoint}")
        except Exception as error:  # noqa: BLE001 - it is the caller's, who gets it
            waiting.error = error
            try:
                _undo(raw, waiting.savepoint)
            except sqlite3.Error:  # a full disk undoes the whole transaction: its other works fail by it too
                raise error from None

    @staticmethod
    def _settle_held(connection: Connection, held: list[_Waiting]) -> None:
        """Wait for what they name; what failed or takes too long is undone, and what came after it redone."""
        end = time.monotonic() + HELD_SECONDS
        for place, waiting in enumerate(held):
            assert waiting.hold is not None
            if waiting.error is not None:
                continue
            waiting.is_given_up = not waiting.hold.wait(max(end - time.monotonic(), 0))
            waiting.error = waiting.hold.error
            if waiting.is_given_up or waiting.error is not None:
                _undo(_driver(connection), waiting.savepoint)
                for behind in held[place + 1 :]:
                    behind.result = behind.error = None
                    GroupWriter._run_one(connection, behind)

    @staticmethod
    def _answer(group: list[_Waiting]) -> None:
        by_loop: dict[asyncio.AbstractEventLoop, list[_Waiting]] = {}
        for waiting in group:
            if waiting.is_given_up:
                continue
            by_loop.setdefault(waiting.loop, []).append(waiting)
        for loop, members in by_loop.items():
            with suppress(RuntimeError):  # the loop is closed: nobody waits there any more
                loop.call_soon_threadsafe(_settle, members)


def _driver(connection: Connection) -> sqlite3.Connection:
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw


def _undo(raw: sqlite3.Connection, savepoint: str) -> None:
    raw.execute(f"ROLLBACK TO {savepoint}")
    raw.execute(f"RELEASE {savepoint}")


def _settle(members: list[_Waiting]) -> None:
    for waiting in members:
        if waiting.future.done():
            continue
        if waiting.error is not None:
            waiting.future.set_exception(waiting.error)
        else:
            waiting.future.set_result(waiting.result)
