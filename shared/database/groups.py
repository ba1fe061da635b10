"""Group commit for SQLite: one writer thread, and one fsync for all writes that wait together."""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from shared.database.engine import WRITES
from shared.errors import Unavailable

T = TypeVar("T")
GROUP = 64  # writes in one commit at the most: bounds what one failing commit takes with it


@dataclass(slots=True)
class _Waiting:
    work: Callable[[Connection], Any]
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Any]"
    result: Any = None
    error: BaseException | None = None


class GroupWriter:
    """Runs writes one after the other in a thread of its own.

    SQLite has one writer at a time whatever we do; with all writes in one thread none of them ever
    meets a locked database, and those that queued while a commit was waiting for the disk share
    the next commit. Each stands in a savepoint, so one that raises undoes itself alone.
    """

    def __init__(self, engine: Engine, waiting: int) -> None:
        self._engine = engine
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._room = waiting
        self._ended = False
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
    ) -> None:
        """Queue the work, from any thread; its commit settles the loop's future. Raises Unavailable."""
        if self._queue.qsize() >= self._room:
            raise Unavailable(
                "too many writes are waiting", code="too_many_writes", headers={"Retry-After": "1"}
            )
        self._queue.put(_Waiting(work, loop, future))

    def close(self) -> None:
        """Do what is queued, then stop the thread."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while not self._ended:
            first = self._queue.get()
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
            else:
                group.append(following)
                self._run_one(connection, following)

    @staticmethod
    def _run_one(connection: Connection, waiting: _Waiting) -> None:
        # Savepoints go past SQLAlchemy, whose own cost as much as two of the statements inside.
        raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        raw.execute("SAVEPOINT work")
        try:
            waiting.result = waiting.work(connection)
            raw.execute("RELEASE work")
        except Exception as error:  # noqa: BLE001 - it is the caller's, who gets it
            waiting.error = error
            try:
                raw.execute("ROLLBACK TO work")
                raw.execute("RELEASE work")
            except sqlite3.Error:  # a full disk undoes the whole transaction: its other works fail by it too
                raise error from None

    @staticmethod
    def _answer(group: list[_Waiting]) -> None:
        by_loop: dict[asyncio.AbstractEventLoop, list[_Waiting]] = {}
        for waiting in group:
            by_loop.setdefault(waiting.loop, []).append(waiting)
        for loop, members in by_loop.items():
            with suppress(RuntimeError):  # the loop is closed: nobody waits there any more
                loop.call_soon_threadsafe(_settle, members)


def _settle(members: list[_Waiting]) -> None:
    for waiting in members:
        if waiting.future.done():
            continue
        if waiting.error is not None:
            waiting.future.set_exception(waiting.error)
        else:
            waiting.future.set_result(waiting.result)
