"""Figures of now: asked for at the scrape, absent where they cannot be had."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import MetaData, update

from shared.database import Connection, Database, make_engine
from shared.database.figures import database_figures
from shared.database.types import now
from shared.events import EventLog, events_table
from shared.figures import Figure
from shared.jobs import JobBoard, NewJob, jobs_table
from shared.jobs.figures import job_figures
from shared.web.event_stream import event_figures
from shared.web.metrics import Metrics
from tests.postgres import NewDatabase

METADATA = MetaData()
JOBS, EVENTS = jobs_table(METADATA), events_table(METADATA)
LOG = EventLog("shelf", EVENTS)
BOARD = JobBoard(JOBS, LOG, kept=timedelta(hours=1))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'rows.db'}"
    made: NewDatabase = request.getfixturevalue("new_database")
    return made()


def by_name(figures: Iterable[Figure]) -> dict[str, float]:
    """Values by name, with the labels' values behind it."""
    return {":".join((figure.name, *figure.labels.values())): figure.value for figure in figures}


def test_a_database_tells_of_its_size_its_connections_its_jobs_and_its_events(url: str) -> None:
    def fill(connection: Connection) -> None:
        for _ in range(3):
            BOARD.add(connection, NewJob("scan", "cards/1", {}, "ada"))
        connection.execute(update(JOBS).where(JOBS.c.id == 1).values(state="running"))
        connection.execute(update(JOBS).where(JOBS.c.id > 1).values(created_at=now() - timedelta(minutes=5)))

    async def whole() -> dict[str, float]:
        engine = make_engine(url)
        METADATA.create_all(engine)
        database = Database(engine, waiting_writes=77)
        before = by_name(await database.read(lambda c: job_figures(c, JOBS)))
        assert before == {
            "darkroom_jobs:waiting": 0, "darkroom_jobs:running": 0, "darkroom_jobs_oldest_waiting_seconds": 0,
        }  # fmt: skip
        await database.write(fill)
        told = [*await database_figures(database), *await event_figures(database, LOG)]
        told += await database.read(lambda c: job_figures(c, JOBS))
        await database.close()
        return by_name(told)

    told = asyncio.run(whole())
    assert told["darkroom_jobs:waiting"] == 2
    assert told["darkroom_jobs:running"] == 1
    assert 300 <= told["darkroom_jobs_oldest_waiting_seconds"] < 400
    assert told["darkroom_events_newest"] == 3
    assert told["darkroom_database_bytes"] > 20_000
    assert 0 <= told["darkroom_database_connections"] <= told["darkroom_database_connections_limit"] == 6
    assert told["darkroom_database_writes_waiting"] == 0
    assert told["darkroom_database_writes_limit"] == 77


def test_a_source_that_fails_is_absent_and_in_nobodys_way() -> None:
    calls = 0

    async def failing() -> list[Figure]:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise OSError("the disk is gone")
        return [Figure("darkroom_a", "A", 1, {"of": "x"}), Figure("darkroom_a", "A", 2, {"of": 'y"\n'})]

    async def good() -> list[Figure]:
        return [Figure("darkroom_b", "B", 3)]

    metrics = Metrics()
    metrics.add(failing)
    metrics.add(good)
    first, second, third = (bytes(asyncio.run(metrics.response()).body).decode() for _ in range(3))
    assert 'darkroom_a{of="x"} 1.0\ndarkroom_a{of="y\\"\\n"} 2.0\n' in first
    assert first.count("# TYPE darkroom_a gauge") == 1
    assert "darkroom_a" not in second
    assert "darkroom_b 3.0" in second
    assert "darkroom_a" in third
