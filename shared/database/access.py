"""Database: reads side by side in threads, writes in groups that share one commit."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Hashable
from typing import TypeVar

from sqlalchemy import Connection, Engine, text
from sqlalchemy.pool import PoolProxiedConnection

from shared.database.engine import READERS
from shared.database.groups import GroupWriter
from shared.database.together import TogetherWriter, Work
from shared.workers import WorkerPool

I = TypeVar("I")  # noqa: E741
S = TypeVar("S")
T = TypeVar("T")


class Database:
    """The rows of one deployable, for code on an event loop.

    `work` is a plain function of a connection, inside one transaction: what it raises undoes it
    and reaches the caller. A write has been committed, durably, when `write` returns.
    """

    def __init__(self, engine: Engine, *, waiting_writes: int = 10_000) -> None:
        self.engine = engine
        self.most_waiting = waiting_writes
        self._sqlite = engine.dialect.name == "sqlite"
        self._readers = WorkerPool("read", READERS, waiting=1_000_000)
        self._writers: GroupWriter | None = None
        if self._sqlite:
            self._writers = GroupWriter(engine, waiting_writes)
        self._statements = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._together = TogetherWriter(lambda works: self._readers.run(self._write_statements, works))
        self._listeners: set[Callable[[], None]] = set()
        self._stamp_lock = threading.Lock()
        self._stamp_connection: PoolProxiedConnection | None = None

    async def read(self, work: Callable[[Connection], T]) -> T:
        """The result of `work` on one snapshot of the rows."""
        return await self._readers.run(self._read, work)

    def read_now(self, work: Callable[[Connection], T]) -> T:
        """The same as `read`, for code that is in a thread of its own already."""
        return self._read(work)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """The result of `work`, committed. Raises Unavailable when too many writes wait."""
        if self._writers is not None:
            result = await self._writers.submit(work)
        else:
            result = await self._readers.run(self._write, work)
        self._tell()
        return result

    async def write_together(self, key: Hashable, item: I, work: Work[I, S, T]) -> T:
        """Write an item in one transaction with others of the same key that wait at the moment.

        `work` gets them all, and what the key's last transaction of this process left to it, if any.
        It answers of each item, in their order, what it has done or why it has done nothing, and what it
        leaves to the next one. What it raises undoes all of them: it does its work in one statement, or
        within `whole(connection)`. All works of a key do the same.
        """
        if self._writers is None:
            result = await self._together.submit(key, item, work)
        else:
            result = await self._writers.submit(
                lambda connection: _done(work(connection, [item], None)[0][0])
            )
        self._tell()
        return result

    async def write_after(self, pool: WorkerPool, prepare: Callable[[], Callable[[Connection], T]]) -> T:
        """The same as `write` for the work that `prepare` returns, which blocks in a thread of the pool.

        On SQLite that thread hands the work on to the writer: nothing waits for the event loop in between.
        """
        if self._writers is None:
            result = await pool.run(lambda: self._write(prepare()))
        else:
            result = await self._write_after(self._writers, pool, prepare)
        self._tell()
        return result

    async def _write_after(
        self, writers: GroupWriter, pool: WorkerPool, prepare: Callable[[], Callable[[Connection], T]]
    ) -> T:
        loop = asyncio.get_running_loop()
        written: asyncio.Future[T] = loop.create_future()
        try:
            await pool.run(lambda: writers.queue(prepare(), written, loop))
            return await written
        finally:
            written.cancel()  # where the caller has gone, nobody asks what became of it

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()

    def on_commit(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` on the event loop after each write of this process; returns the way to stop it."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    def change_stamp(self) -> int | None:
        """A number that differs after any commit by any process; None where that is not cheap to know.

        SQLite keeps it in shared memory (PRAGMA data_version, about 4 us): what is remembered from
        rows may be used as long as the stamp is the same.
        """
        if not self._sqlite:
            return None
        with self._stamp_lock:
            if self._stamp_connection is None:
                self._stamp_connection = self.engine.raw_connection()
                driver = self._stamp_connection.driver_connection
                assert isinstance(driver, sqlite3.Connection)
                self._stamp_cursor = driver.cursor()  # kept: asked for at every content that is served
            (stamp,) = self._stamp_cursor.execute("PRAGMA data_version").fetchone()
            return int(stamp)

    async def check(self) -> None:
        """Raises what the driver raises when the database does not answer."""
        await self.read(lambda connection: connection.execute(text("SELECT 1")).scalar_one())

    async def quick_check(self) -> None:
        """Raises RuntimeError when SQLite finds its file damaged. Nothing to do on PostgreSQL."""
        if self._sqlite:
            found = await self.read(lambda c: c.exec_driver_sql("PRAGMA quick_check(1)").scalar_one())
            if found != "ok":
                raise RuntimeError(f"the database file is damaged: {found}")

    @property
    def writes_waiting(self) -> int:
        """Writes that wait for the one writer; always 0 on PostgreSQL, where each has its own connection."""
        return 0 if self._writers is None else self._writers.waiting

    async def close(self) -> None:
        """Finish what was accepted, then let go of every connection."""
        if self._writers is not None:
            await asyncio.to_thread(self._writers.close)
        await self._readers.close(drop=False)
        with self._stamp_lock:
            if self._stamp_connection is not None:
                self._stamp_connection.close()
        self.engine.dispose()

    def _read(self, work: Callable[[Connection], T]) -> T:
        with self.engine.connect() as connection:
            if not self._sqlite:  # there a snapshot is what every transaction sees
                connection.execution_options(isolation_level="REPEATABLE READ")
            return work(connection)

    def _write(self, work: Callable[[Connection], T]) -> T:
        with self.engine.begin() as connection:
            return work(connection)

    def _write_statements(self, work: Callable[[Connection], T]) -> T:
        with self._statements.connect() as connection:
            return work(connection)


def _done(said: T | Exception) -> T:
    if isinstance(said, Exception):
        raise said
    return said
