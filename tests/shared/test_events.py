"""Events: written with the change or not at all, in their order, trimmed but for the newest."""

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, MetaData

from shared.contracts.events import CloudEvent, StreamPosition
from shared.database import Database, make_engine
from shared.database.types import now
from shared.events import EventLog, events_table, is_gap
from tests.postgres import NewDatabase

metadata = MetaData()
table = events_table(metadata)
log = EventLog("sample", table)


def tell(number: int) -> Callable[[Connection], None]:
    """A write that is only an event."""
    return lambda connection: log.append(
        connection, "note.made", f"notes/{number}", {"number": number, "é": "ü"}
    )


def run(url: str, work: Callable[[Database], Awaitable[None]]) -> None:
    """A test's coroutine with a database that has the table."""

    async def whole() -> None:
        engine = make_engine(url)
        metadata.create_all(engine)
        database = Database(engine)
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


def test_an_event_is_a_cloud_event(url: str) -> None:
    async def work(database: Database) -> None:
        assert await database.read(log.position) == StreamPosition(oldest=0, newest=0)
        before = now()
        await database.write(tell(1))
        (found,) = await database.read(lambda c: log.after(c, 0))
        event = CloudEvent.model_validate_json(found.json)
        assert (event.id, event.source, event.type) == ("sample:1", "/sample", "sample.note.made")
        assert (event.subject, event.data) == ("notes/1", {"number": 1, "é": "ü"})
        assert before <= event.time <= now()
        assert json.loads(found.json)["specversion"] == "1.0"
        assert "\n" not in found.json
        assert found.sequence == 1

    run(url, work)


def test_an_event_of_a_change_that_is_undone_never_was(url: str) -> None:
    async def work(database: Database) -> None:
        def fail(connection: Connection) -> None:
            tell(1)(connection)
            raise ValueError("after all")

        with pytest.raises(ValueError, match="after all"):
            await database.write(fail)
        assert await database.read(lambda c: log.after(c, 0)) == []
        await database.write(tell(2))
        assert [
            json.loads(e.json)["data"]["number"] for e in await database.read(lambda c: log.after(c, 0))
        ] == [2]

    run(url, work)


def test_reading_on_from_a_place_by_pieces(url: str) -> None:
    async def work(database: Database) -> None:
        for number in range(10):
            await database.write(tell(number))
        seen: list[int] = []
        while batch := await database.read(partial(log.after, sequence=seen[-1] if seen else 0, limit=3)):
            assert len(batch) <= 3
            seen += [event.sequence for event in batch]
        assert seen == list(range(1, 11))

    run(url, work)


def test_trimming_keeps_the_newest_and_sequences_are_never_used_again(url: str) -> None:
    async def work(database: Database) -> None:
        for number in range(3):
            await database.write(tell(number))
        assert await database.write(lambda c: log.trim(c, now() - timedelta(days=1))) == 0
        assert await database.write(lambda c: log.trim(c, now() + timedelta(days=1))) == 2
        assert await database.read(log.position) == StreamPosition(oldest=3, newest=3)
        await database.write(lambda c: c.execute(table.delete()))
        await database.write(tell(4))
        assert await database.read(log.position) == StreamPosition(oldest=4, newest=4)

    run(url, work)


@pytest.mark.parametrize(
    ("oldest", "newest", "after", "gap"),
    [(0, 0, 0, False), (0, 0, 1, True), (1, 5, 0, False), (1, 5, 5, False), (1, 5, 6, True), (3, 5, 2, False),
     (3, 5, 1, True), (3, 5, 0, True)],
)  # fmt: skip
def test_gaps(oldest: int, newest: int, after: int, gap: bool) -> None:
    assert is_gap(StreamPosition(oldest=oldest, newest=newest), after) is gap


def test_a_reader_beside_many_writers_misses_none(url: str) -> None:
    """On PostgreSQL sequences are given before commits: without the lock a reader jumps over late ones."""
    writes = 120

    async def work(database: Database) -> None:
        done = asyncio.Event()
        reader = Database(make_engine(url))  # its own connections: reads do not wait behind the writes
        delays = random.Random(1)

        def slow(number: int, delay: float) -> Callable[[Connection], None]:
            def write(connection: Connection) -> None:
                tell(number)(connection)
                time.sleep(delay)

            return write

        async def follow() -> list[int]:
            seen = [0]
            while not done.is_set() or seen[-1] < (await reader.read(log.position)).newest:
                batch = await reader.read(partial(log.after, sequence=seen[-1]))
                seen += [event.sequence for event in batch]
            return seen[1:]

        following = asyncio.create_task(follow())
        await asyncio.gather(*(database.write(slow(n, delays.random() / 200)) for n in range(writes)))
        done.set()
        seen = await following
        await reader.close()
        assert len(seen) == writes
        assert seen == sorted(set(seen))

    run(url, work)
