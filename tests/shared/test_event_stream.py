"""The event stream over a real server: where it begins, what follows, gaps, and its end."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import Engine, MetaData

from shared.database import Database, make_engine
from shared.database.types import now
from shared.events import EventLog, events_table
from shared.web.event_stream import EventFeed, event_router
from tests.gateway.serving import Serving
from tests.shared.sample_app import AUTHORIZED, Serve, sample_app

metadata = MetaData()
log = EventLog("sample", events_table(metadata))
ROOT = Path(__file__).parents[2]


class Stream:
    """The events of an open answer."""

    def __init__(self, answer: httpx2.Response) -> None:
        self._lines = answer.iter_lines()
        self.first = self.next()

    def next(self) -> dict[str, str]:
        """The fields of the next event or comment."""
        fields: dict[str, str] = {}
        for line in self._lines:
            if not line and fields:
                return fields
            if line:
                name, _, value = line.partition(":")
                fields[name] = value.strip()
        raise EOFError

    def numbers(self, count: int) -> list[tuple[int, int]]:
        """Sequence and number of the next events."""
        events = (self.next() for _ in range(count))
        return [(int(event["id"]), json.loads(event["data"])["data"]["number"]) for event in events]


class Sample:
    """An app with events, served, and its rows."""

    def __init__(self, serve: Serve, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'events.db'}"
        self.engine: Engine = make_engine(self.url)
        metadata.create_all(self.engine)
        self.database = Database(make_engine(self.url))
        app = sample_app(folder, drain_seconds=5)
        app.include_router(event_router(EventFeed(self.database, log, app.state.drain, 0.05)))
        self.serving: Serving = serve(app)

    def tell(self, *numbers: int) -> None:
        """Events by a connection that the app knows nothing of."""
        with self.engine.connect().execution_options(darkroom_writes=True) as connection, connection.begin():
            for number in numbers:
                log.append(connection, "note.made", f"notes/{number}", {"number": number})

    def trim(self) -> None:
        """Forget all but the newest."""
        with self.engine.connect().execution_options(darkroom_writes=True) as connection, connection.begin():
            log.trim(connection, now() + timedelta(days=1))

    @contextmanager
    def stream(self, query: str = "", **headers: str) -> Iterator[Stream]:
        """An open stream."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"{self.serving.url}/v1/events{query}"
        with httpx2.stream("GET", url, headers={**AUTHORIZED, **named}, timeout=20) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert answer.headers["cache-control"] == "no-store"
            yield Stream(answer)


@pytest.fixture
def sample(serve: Serve, tmp_path: Path) -> Iterator[Sample]:
    """An app with events."""
    made = Sample(serve, tmp_path)
    yield made
    made.serving.stop()
    made.engine.dispose()
    asyncio.run(made.database.close())


def position(oldest: int, newest: int, event: str = "position") -> dict[str, str]:
    """The stream's first word."""
    return {"event": event, "data": json.dumps({"oldest": oldest, "newest": newest}, separators=(",", ":"))}


def test_from_now_on(sample: Sample) -> None:
    sample.tell(1, 2)
    with sample.stream() as stream:
        assert stream.first == position(1, 2)
        sample.tell(3)
        assert stream.numbers(1) == [(3, 3)]


@pytest.mark.parametrize(("query", "header"), [("?after=1", None), ("", "1"), ("?after=0", "1")])
def test_from_a_place_on_and_then_what_happens(sample: Sample, query: str, header: str | None) -> None:
    sample.tell(1, 2, 3)
    headers = {} if header is None else {"Last_Event_ID": header}
    with sample.stream(query, **headers) as stream:
        assert stream.first == position(1, 3)
        assert stream.numbers(2) == [(2, 2), (3, 3)]
        sample.tell(4, 5)
        assert stream.numbers(2) == [(4, 4), (5, 5)]


def test_all_that_was_and_the_end_without_follow(sample: Sample) -> None:
    sample.tell(*range(1, 1201))
    with sample.stream("?after=0&follow=false") as stream:
        assert stream.numbers(1200) == [(n, n) for n in range(1, 1201)]
        with pytest.raises(EOFError):
            stream.next()
    with sample.stream("?follow=false") as stream, pytest.raises(EOFError):
        stream.next()


@pytest.mark.parametrize(
    ("after", "reset"), [(0, True), (1, True), (2, False), (3, False), (4, True), (10**30, True)]
)
def test_who_missed_what_is_forgotten_is_told(sample: Sample, after: int, reset: bool) -> None:
    sample.tell(1, 2, 3)
    sample.trim()
    with sample.stream(f"?after={after}") as stream:
        assert stream.first == position(3, 3, "reset" if reset else "position")
        sample.tell(4)
        wanted = [(4, 4)] if reset or after == 3 else [(3, 3), (4, 4)]
        assert stream.numbers(len(wanted)) == wanted


def test_the_first_place_of_all_is_no_gap(sample: Sample) -> None:
    with sample.stream("?after=0") as stream:
        assert stream.first == position(0, 0)
        sample.tell(1)
        assert stream.numbers(1) == [(1, 1)]


@pytest.mark.parametrize("query", ["?after=-1", "?after=x"])
def test_places_that_are_none(sample: Sample, query: str) -> None:
    answer = httpx2.get(f"{sample.serving.url}/v1/events{query}", headers=AUTHORIZED)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


OTHER = """
import sys
from tests.shared.test_event_stream import log
from shared.database import make_engine
engine = make_engine(sys.argv[1])
with engine.connect().execution_options(darkroom_writes=True) as connection, connection.begin():
    log.append(connection, "note.made", "notes/7", {"number": 7})
"""


def test_events_of_another_process_arrive(sample: Sample) -> None:
    with sample.stream() as stream:
        subprocess.run([sys.executable, "-c", OTHER, sample.url], check=True, cwd=ROOT)
        assert stream.numbers(1) == [(1, 7)]


def test_many_readers_get_the_same(sample: Sample) -> None:
    with ExitStack() as open_streams:
        streams = [open_streams.enter_context(sample.stream()) for _ in range(5)]
        sample.tell(*range(10))
        found: list[Any] = [stream.numbers(10) for stream in streams]
    assert found == [[(n + 1, n) for n in range(10)]] * 5


def test_a_stream_ends_when_the_server_drains(sample: Sample) -> None:
    with sample.stream() as stream:
        sample.serving.begin_to_stop()
        with pytest.raises(EOFError):
            stream.next()
        sample.serving.join()
