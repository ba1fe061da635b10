"""The database: what every connection has set, and writes in groups: what a failing one takes with it."""

import asyncio
import os
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from shared.database import Database, make_engine
from shared.database.groups import GROUP
from shared.database.types import EPOCH, Instant
from shared.database.upsert import insert_missing
from shared.errors import InsufficientStorage, Unavailable
from shared.web.problems import as_darkroom_error
from shared.workers import WorkerPool
from tests.gateway.serving import wait_until
from tests.postgres import NewDatabase

metadata = MetaData()
notes = Table(
    "notes", metadata, Column("id", Integer, primary_key=True), Column("word", String(50), unique=True),
    Column("moment", Instant),
)  # fmt: skip
WithDatabase = Callable[[Callable[[Database], Awaitable[None]]], None]


def add(word: str) -> Callable[[Connection], str]:
    """A write of one note."""

    def work(connection: Connection) -> str:
        connection.execute(insert(notes), {"word": word})
        return word

    return work


def words(connection: Connection) -> list[str]:
    """All notes, as they came."""
    return list(connection.scalars(select(notes.c.word).order_by(notes.c.id)))


def run(url: str, work: Callable[[Database], Awaitable[None]], **given: Any) -> None:
    """A test's coroutine with a database that has the table."""

    async def whole() -> None:
        engine = make_engine(url, busy_timeout=given.pop("busy_timeout", 5.0))
        metadata.create_all(engine)
        database = Database(engine, **given)
        try:
            await work(database)
        finally:
            await database.close()

    asyncio.run(whole())


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'rows.db'}"
    made: NewDatabase = request.getfixturevalue("new_database")
    return made()


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A SQLite database's URL."""
    return f"sqlite:///{tmp_path / 'rows.db'}"


class Gate:
    """A write that holds the writer's thread until it is opened."""

    def __init__(self) -> None:
        self.entered, self._open = threading.Event(), threading.Event()

    def __call__(self, connection: Connection) -> None:
        """The write."""
        connection.execute(text("SELECT 1"))
        self.entered.set()
        assert self._open.wait(20)

    def open(self) -> None:
        """Let it end."""
        self._open.set()


async def gathered(database: Database, works: list[Callable[[Connection], Any]]) -> list[Any]:
    """Results or errors of writes that wait for one commit together."""
    gate = Gate()
    first = asyncio.create_task(database.write(gate))
    await asyncio.to_thread(gate.entered.wait, 20)
    tasks = [asyncio.create_task(database.write(work)) for work in works]
    await asyncio.sleep(0)
    gate.open()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.gather(first, return_exceptions=True)
    return results


def test_every_connection_has_what_we_rely_on(file: str) -> None:
    async def work(database: Database) -> None:
        wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 1234}

        def look(connection: Connection) -> dict[str, Any]:
            return {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in wanted}

        assert await database.read(look) == wanted
        assert await database.write(look) == wanted
        assert await asyncio.gather(*(database.read(look) for _ in range(8))) == [wanted] * 8

    run(file, work, busy_timeout=1.234)


def test_a_write_is_read_by_all_and_a_failed_one_by_none(url: str) -> None:
    async def work(database: Database) -> None:
        assert await database.write(add("one")) == "one"

        def fail(connection: Connection) -> None:
            add("never")(connection)
            raise ValueError("after all")

        with pytest.raises(ValueError, match="after all"):
            await database.write(fail)
        with pytest.raises(IntegrityError):
            await database.write(add("one"))
        assert await database.read(words) == ["one"]
        assert database.read_now(words) == ["one"]
        await database.check()
        await database.quick_check()

    run(url, work)


def test_many_writes_at_once_all_arrive(url: str) -> None:
    async def work(database: Database) -> None:
        done = await asyncio.gather(*(database.write(add(f"w{n}")) for n in range(300)))
        assert done == [f"w{n}" for n in range(300)]
        assert sorted(await database.read(words)) == sorted(done)

    run(url, work)


def test_writes_that_wait_together_share_a_commit_and_keep_their_order(file: str) -> None:
    async def work(database: Database) -> None:
        before = database.change_stamp()
        works = [add(f"w{n}") for n in range(GROUP - 1)]
        assert await gathered(database, works) == [f"w{n}" for n in range(GROUP - 1)]
        assert await database.read(words) == [f"w{n}" for n in range(GROUP - 1)]
        assert database.change_stamp() == (before or 0) + 1

    run(file, work)


def test_one_that_fails_undoes_itself_alone(file: str) -> None:
    async def work(database: Database) -> None:
        def fail(connection: Connection) -> None:
            add("never")(connection)
            raise ValueError("mine")

        results = await gathered(database, [add("a"), fail, add("b"), add("a"), add("c")])
        assert results[0] == "a"
        assert isinstance(results[1], ValueError)
        assert results[2] == "b"
        assert isinstance(results[3], IntegrityError)
        assert results[4] == "c"
        assert await database.read(words) == ["a", "b", "c"]

    run(file, work)


def test_a_commit_that_fails_fails_for_all_of_it_and_the_next_ones_work(file: str) -> None:
    """A deferred foreign key is looked at by the commit itself."""

    async def work(database: Database) -> None:
        await database.write(
            lambda c: c.exec_driver_sql(
                "CREATE TABLE child (note INTEGER REFERENCES notes(id) DEFERRABLE INITIALLY DEFERRED)"
            )
        )

        def orphan(connection: Connection) -> None:
            connection.exec_driver_sql("INSERT INTO child VALUES (12345)")

        results = await gathered(database, [add("a"), orphan, add("b")])
        assert [type(result) for result in results] == [IntegrityError] * 3
        assert await database.read(words) == []
        assert await gathered(database, [add("a"), add("b")]) == ["a", "b"]
        assert await database.read(words) == ["a", "b"]

    run(file, work)


def test_a_full_disk_is_told_to_every_write_that_it_undid(file: str) -> None:
    async def work(database: Database) -> None:
        await database.write(add("before"))
        await database.write(lambda c: c.exec_driver_sql("PRAGMA max_page_count = 8"))

        def fill(connection: Connection) -> None:
            connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS big (data BLOB)")
            connection.exec_driver_sql("INSERT INTO big VALUES (zeroblob(100000))")

        results = await gathered(database, [add("a"), fill, add("b")])
        for result in results:
            if isinstance(result, BaseException):
                assert isinstance(as_darkroom_error(result), InsufficientStorage), result
        assert isinstance(results[1], DBAPIError)
        kept = ["before", *(result for result in results if isinstance(result, str))]
        assert await database.read(words) == kept
        await database.write(lambda c: c.exec_driver_sql("PRAGMA max_page_count = 100000"))
        await database.write(add("after"))
        assert await database.read(words) == [*kept, "after"]

    run(file, work)


def test_too_many_waiting_are_sent_away_and_the_others_are_done(file: str) -> None:
    async def work(database: Database) -> None:
        results = await gathered(database, [add(f"w{n}") for n in range(10)])
        assert results[:4] == ["w0", "w1", "w2", "w3"]
        for refusal in results[4:]:
            assert isinstance(refusal, Unavailable)
            assert (refusal.code, refusal.headers) == ("too_many_writes", {"Retry-After": "1"})
        assert await database.read(words) == ["w0", "w1", "w2", "w3"]
        assert await database.write(add("later")) == "later"

    run(file, work, waiting_writes=4)


def test_closing_does_what_was_accepted(file: str) -> None:
    async def work(database: Database) -> None:
        gate = Gate()
        first = asyncio.create_task(database.write(gate))
        await asyncio.to_thread(gate.entered.wait, 20)
        tasks = [asyncio.create_task(database.write(add(f"w{n}"))) for n in range(20)]
        await asyncio.sleep(0)
        closing = asyncio.create_task(database.close())
        gate.open()
        await asyncio.gather(first, closing, *tasks)

    run(file, work)
    with sqlite3.connect(file.removeprefix("sqlite:///")) as connection:
        assert connection.execute("SELECT count(*) FROM notes").fetchone() == (20,)
    connection.close()


WRITER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=20)
print("ready", flush=True)
for number in range(200):
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO notes (word) VALUES (?)", (f"other{number}",))
    connection.execute("COMMIT")
"""


def test_beside_another_process_that_writes_nothing_is_locked(file: str) -> None:
    async def work(database: Database) -> None:
        path = file.removeprefix("sqlite:///")
        command = [sys.executable, "-c", WRITER, path]
        other = await asyncio.to_thread(subprocess.Popen, command, stdout=subprocess.PIPE)
        assert other.stdout is not None
        await asyncio.to_thread(other.stdout.readline)

        def read_then_write(number: int) -> Callable[[Connection], int]:
            def work(connection: Connection) -> int:
                count = len(words(connection))
                add(f"ours{number}")(connection)
                return count

            return work

        for number in range(100):
            await asyncio.gather(database.write(read_then_write(number)), database.read(words))
        assert await asyncio.to_thread(other.wait, 60) == 0
        other.stdout.close()
        assert len(await database.read(words)) == 300

    run(file, work)


def test_a_lock_that_lasts_too_long_is_503_and_passes(file: str) -> None:
    async def work(database: Database) -> None:
        other = sqlite3.connect(file.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError) as locked:
            await database.write(add("a"))
        refusal = as_darkroom_error(locked.value)
        assert isinstance(refusal, Unavailable)
        assert refusal.code == "database_unavailable"
        assert await database.read(words) == []
        other.execute("ROLLBACK")
        other.close()
        assert await database.write(add("a")) == "a"

    run(file, work, busy_timeout=0.1)


def test_the_stamp_changes_with_every_commit_of_any_process(file: str) -> None:
    async def work(database: Database) -> None:
        seen = [database.change_stamp()]
        await database.write(add("a"))
        seen.append(database.change_stamp())
        other = sqlite3.connect(file.removeprefix("sqlite:///"))
        with other:
            other.execute("INSERT INTO notes (word) VALUES ('b')")
        other.close()
        seen.append(database.change_stamp())
        assert len(set(seen)) == 3
        await database.read(words)
        assert database.change_stamp() == seen[-1]

    run(file, work)


def test_a_write_after_work_in_a_pool(url: str) -> None:
    async def work(database: Database) -> None:
        pool, heard = WorkerPool("test", 2, 100), []
        database.on_commit(lambda: heard.append(1))
        threads: set[str] = set()

        def prepare(word: str) -> Callable[[Connection], str]:
            threads.add(threading.current_thread().name)
            if word == "never":
                raise ValueError("not even begun")
            return add(word)

        names = ["a", "b", "never", "c", "a"]
        results = await asyncio.gather(
            *(database.write_after(pool, partial(prepare, name)) for name in names), return_exceptions=True
        )
        assert results[1:4:2] == ["b", "c"]
        assert isinstance(results[2], ValueError)
        assert {type(results[0]), type(results[4])} == {str, IntegrityError}
        assert sorted(await database.read(words)) == ["a", "b", "c"]
        assert (len(heard), threads <= {"test_0", "test_1"}) == (3, True)
        await pool.close()

    run(url, work)


def test_a_listener_hears_of_every_commit_until_it_stops(url: str) -> None:
    async def work(database: Database) -> None:
        heard: list[int] = []
        stop = database.on_commit(lambda: heard.append(1))
        await database.write(add("a"))
        with pytest.raises(IntegrityError):
            await database.write(add("a"))
        await database.write(add("b"))
        stop()
        await database.write(add("c"))
        assert len(heard) == 2

    run(url, work)


def test_a_row_is_inserted_once(url: str) -> None:
    async def work(database: Database) -> None:
        async def once() -> bool:
            return await database.write(lambda c: insert_missing(c, notes, {"id": 7, "word": "a"}))

        assert sorted(await asyncio.gather(*(once() for _ in range(8)))) == [False] * 7 + [True]
        assert await database.read(words) == ["a"]

    run(url, work)


def test_moments_come_back_to_the_microsecond_and_naive_ones_are_refused(url: str) -> None:
    moment = EPOCH.replace(year=2026, microsecond=123_457)

    async def work(database: Database) -> None:
        await database.write(lambda c: c.execute(insert(notes), {"word": "a", "moment": moment}))
        assert await database.read(lambda c: c.scalar(select(notes.c.moment))) == moment
        with pytest.raises(Exception, match="offset-naive"):
            await database.write(
                lambda c: c.execute(insert(notes), {"word": "b", "moment": moment.replace(tzinfo=None)})
            )

    run(url, work)


def test_a_damaged_file_is_found_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "rows.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, word TEXT)")
        connection.executemany("INSERT INTO notes (word) VALUES (?)", [("x" * 500,)] * 500)
    connection.close()
    content = bytearray(path.read_bytes())
    content[8192:12288] = b"\xff" * 4096
    path.write_bytes(content)

    async def work() -> None:
        database = Database(make_engine(f"sqlite:///{path}"))
        try:
            with pytest.raises((RuntimeError, DBAPIError)):
                await database.quick_check()
        finally:
            await database.close()

    asyncio.run(work())


def test_a_server_that_vanishes_is_given_up_soon(new_database: NewDatabase) -> None:
    """As far as one machine can tell: the kernel has been asked to."""
    for url, seconds in ((new_database(), 20), (f"{new_database()}?tcp_user_timeout=7000", 7)):
        engine = make_engine(url)
        with engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            with socket.socket(fileno=os.dup(driver.fileno())) as line:
                assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
                assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 10
                assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == seconds * 1000
        engine.dispose()


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(ValueError, match="sqlite and postgresql"):
        make_engine("mysql://localhost/x")


@pytest.fixture(autouse=True)
def no_threads_left() -> Iterator[None]:
    """Every database that a test opens is closed whole."""
    yield
    wait_until(lambda: not [t for t in threading.enumerate() if t.name.startswith(("write", "read"))])
