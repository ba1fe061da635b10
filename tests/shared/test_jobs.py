"""Jobs: claimed once at a time, taken up when their holder dies, ended once, on both engines."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData

from shared.database import Database, make_engine
from shared.database.types import now
from shared.errors import Conflict, Unavailable, Unprocessable
from shared.events import EventLog, events_table
from shared.jobs import (
    IdempotencyKeyReused,
    Job,
    JobBoard,
    JobNotFound,
    JobRunner,
    LeaseLost,
    NewJob,
    RunningJob,
    TooManyJobs,
    jobs_table,
)
from tests.postgres import NewDatabase

metadata = MetaData()
jobs = jobs_table(metadata)
events = EventLog("sample", events_table(metadata))
LEASE = timedelta(seconds=30)
GONE = timedelta(seconds=-1)


def board(**given: Any) -> JobBoard:
    return JobBoard(jobs, events, kept=timedelta(hours=24), **given)


def copy(**given: Any) -> NewJob:
    return NewJob(
        **{"kind": "copy", "subject": "things/1", "parameters": {"from": "a"}, "by": "ann", **given}
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'rows.db'}"
    made: NewDatabase = request.getfixturevalue("new_database")
    return made()


def run(url: str, work: Callable[[Database], Awaitable[None]]) -> None:
    """A test's coroutine with a database that has the tables."""

    async def whole() -> None:
        engine = make_engine(url)
        metadata.create_all(engine)
        database = Database(engine)
        try:
            await work(database)
        finally:
            await database.close()

    asyncio.run(whole())


async def told(database: Database) -> list[tuple[str, str, Any]]:
    found = await database.read(lambda c: events.after(c, 0))
    each = [json.loads(one.json) for one in found]
    return [(one["type"], one["subject"], one["data"]["state"]) for one in each]


async def until(wanted: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(500):
        if await wanted():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come to that")


def test_a_job_is_claimed_once_while_its_lease_lives(url: str) -> None:
    async def work(database: Database) -> None:
        mine = board()
        added, new = await database.write(lambda c: mine.add(c, copy(total=3)))
        assert (new, added.state, added.parameters, added.total) == (True, "waiting", {"from": "a"}, 3)
        first = await database.write(lambda c: mine.claim(c, "one", LEASE))
        assert first is not None
        assert (first.id, first.state, first.attempts) == (added.id, "running", 1)
        assert await database.write(lambda c: mine.claim(c, "two", LEASE)) is None
        done = await database.write(lambda c: mine.finish(c, added.id, "one", "finished", result={"n": 1}))
        assert (done.state, done.result, done.ended) == ("finished", {"n": 1}, True)
        assert await database.write(lambda c: mine.claim(c, "two", LEASE)) is None
        assert await told(database) == [
            ("sample.job.queued", f"jobs/{added.id}", "waiting"),
            ("sample.job.started", f"jobs/{added.id}", "running"),
            ("sample.job.finished", f"jobs/{added.id}", "finished"),
        ]

    run(url, work)


def test_at_once_each_job_goes_to_one(url: str) -> None:
    async def work(database: Database) -> None:
        mine = board()
        for _ in range(10):
            await database.write(lambda c: mine.add(c, copy()))
        claims = [database.write(partial(mine.claim, owner=f"owner {n}", lease=LEASE)) for n in range(16)]
        got = [job.id for job in await asyncio.gather(*claims) if job is not None]
        assert sorted(set(got)) == sorted(got)
        assert (
            len(got) >= 8
        )  # on PostgreSQL two may reach for the same one, and one of them leaves empty-handed

    run(url, work)


def test_who_lost_the_lease_writes_nothing_more(url: str) -> None:
    async def work(database: Database) -> None:
        mine = board()
        added, _ = await database.write(lambda c: mine.add(c, copy()))
        await database.write(lambda c: mine.claim(c, "dead", GONE))
        taken = await database.write(lambda c: mine.claim(c, "heir", LEASE))
        assert taken is not None
        assert (taken.id, taken.attempts) == (added.id, 2)
        for late in (
            lambda c: mine.finish(c, added.id, "dead", "finished"),
            lambda c: mine.progress(c, added.id, "dead", done=1, failed=0),
            lambda c: mine.renew(c, added.id, "dead", LEASE),
            lambda c: mine.hold(c, added.id, "dead"),
        ):
            with pytest.raises(LeaseLost):
                await database.write(late)
        await database.write(lambda c: mine.release(c, added.id, "dead", counted=False))
        assert (await database.read(lambda c: mine.find(c, added.id))).state == "running"

    run(url, work)


def test_a_job_that_kills_whoever_holds_it_is_given_up(url: str) -> None:
    async def work(database: Database) -> None:
        mine = board(attempts=3)
        added, _ = await database.write(lambda c: mine.add(c, copy()))
        for _ in range(3):
            assert await database.write(lambda c: mine.claim(c, "dead", GONE)) is not None
        assert await database.write(lambda c: mine.claim(c, "heir", LEASE)) is None
        job = await database.read(lambda c: mine.find(c, added.id))
        assert job.state == "failed"
        assert job.error is not None
        assert job.error["code"] == "gave_up"

    run(url, work)


def test_progress_is_told_four_times_a_second_at_most_and_counts_as_life(url: str) -> None:
    async def work(database: Database) -> None:
        mine = board()
        added, _ = await database.write(lambda c: mine.add(c, copy()))
        await database.write(lambda c: mine.claim(c, "dead", GONE))
        await database.write(lambda c: mine.claim(c, "one", LEASE))
        for done in range(1, 51):
            job = await database.write(
                partial(mine.progress, job_id=added.id, owner="one", done=done, failed=1, total=60)
            )
        assert (job.done, job.failed, job.total, job.attempts) == (50, 1, 60, 1)
        ended = now()
        progress = [one for one in await told(database) if one[0] == "sample.job.progress"]
        assert len(progress) <= (ended - added.created_at) / timedelta(milliseconds=250)

    run(url, work)


def test_the_same_key_gives_the_same_job(url: str) -> None:
    async def work(database: Database) -> None:
        mine = board()
        wanted = copy(idempotency_key="k", request_digest="d")
        first, new = await database.write(lambda c: mine.add(c, wanted))
        again, new_again = await database.write(lambda c: mine.add(c, wanted))
        assert (new, new_again, first.id) == (True, False, again.id)
        other, _ = await database.write(
            lambda c: mine.add(c, copy(idempotency_key="k", request_digest="d", by="ben"))
        )
        assert other.id != first.id
        with pytest.raises(IdempotencyKeyReused):
            await database.write(lambda c: mine.add(c, copy(idempotency_key="k", request_digest="other")))

    run(url, work)


def test_a_full_line_says_so(url: str) -> None:
    async def work(database: Database) -> None:
        mine = board(max_waiting=2)
        for _ in range(2):
            await database.write(lambda c: mine.add(c, copy()))
        with pytest.raises(TooManyJobs) as full:
            await database.write(lambda c: mine.add(c, copy()))
        assert full.value.headers == {"Retry-After": "5"}

    run(url, work)


def test_cancel_and_retry(url: str) -> None:
    async def work(database: Database) -> None:
        mine = board()
        waiting, _ = await database.write(lambda c: mine.add(c, copy()))
        assert (await database.write(lambda c: mine.cancel(c, waiting.id))).state == "cancelled"
        again = await database.write(lambda c: mine.retry(c, waiting.id, done=0, failed=0))
        assert (again.state, again.ended_at, again.cancel_wanted) == ("waiting", None, False)
        await database.write(lambda c: mine.claim(c, "one", LEASE))
        assert (await database.write(lambda c: mine.cancel(c, waiting.id))).cancel_wanted
        assert (await database.write(lambda c: mine.renew(c, waiting.id, "one", LEASE))).cancel_wanted
        with pytest.raises(Conflict):
            await database.write(lambda c: mine.retry(c, waiting.id, done=0, failed=0))
        with pytest.raises(JobNotFound):
            await database.write(lambda c: mine.cancel(c, 999))

    run(url, work)


def test_pages_and_sweeping(url: str) -> None:
    async def work(database: Database) -> None:
        mine = board()
        made = [
            (await database.write(partial(mine.add, new=copy(subject=f"things/{n % 2}"))))[0]
            for n in range(5)
        ]
        ids = [job.id for job in made]
        first = await database.read(lambda c: mine.page(c, limit=2))
        assert [job.id for job in first] == ids[:2:-1]
        rest = await database.read(lambda c: mine.page(c, limit=9, before=first[-1].id))
        assert [job.id for job in rest] == ids[2::-1]
        odd = await database.read(lambda c: mine.page(c, limit=9, subject="things/1"))
        assert [job.id for job in odd] == [ids[3], ids[1]]
        await database.write(lambda c: mine.cancel(c, ids[0]))
        assert [
            j.id for j in await database.read(lambda c: mine.page(c, limit=9, states=["cancelled"]))
        ] == ids[:1]
        assert await database.read(lambda c: mine.expired(c, now())) == []
        later = now() + timedelta(hours=25)
        assert [job.id for job in await database.read(lambda c: mine.expired(c, later))] == ids[:1]
        await database.write(lambda c: mine.forget(c, ids))
        left = await database.read(lambda c: mine.page(c, limit=9))
        assert [job.id for job in left] == ids[:0:-1]  # only what has ended is forgotten

    run(url, work)


async def job_in(database: Database, mine: JobBoard, job_id: int) -> Job:
    return await database.read(lambda c: mine.find(c, job_id))


def test_the_runner_runs_what_is_added_and_writes_down_how_it_ended(url: str) -> None:
    async def work(database: Database) -> None:
        mine = board()
        crashes = iter([RuntimeError("once"), None])

        async def copying(running: RunningJob) -> Mapping[str, Any]:
            await running.progress(1, total=2)
            return {"copied": running.job.parameters["from"]}

        async def wrong(_running: RunningJob) -> None:
            raise Unprocessable("not so", code="not_so", rows=[3])

        async def shaky(_running: RunningJob) -> None:
            crash = next(crashes)
            if crash:
                raise crash

        async def patient(running: RunningJob) -> None:
            await running.cancelled.wait()
            running.check()

        runner = JobRunner(
            database,
            mine,
            {"copy": copying, "wrong": wrong, "shaky": shaky, "patient": patient},
            concurrent=4,
            poll_seconds=0.05,
            lease_seconds=0.3,
        )
        await runner.start(alone=True)
        ids = {}
        for kind in ("copy", "wrong", "shaky", "patient"):
            ids[kind] = (await database.write(partial(mine.add, new=copy(kind=kind))))[0].id
        runner.wake()

        async def running_patiently() -> bool:
            return (await job_in(database, mine, ids["patient"])).state == "running"

        await until(running_patiently)
        await database.write(lambda c: mine.cancel(c, ids["patient"]))  # seen by the heartbeat

        async def all_ended() -> bool:
            return all([(await job_in(database, mine, each)).ended for each in ids.values()])

        await until(all_ended)
        found = {kind: await job_in(database, mine, each) for kind, each in ids.items()}
        assert (found["copy"].state, found["copy"].result, found["copy"].total) == (
            "finished",
            {"copied": "a"},
            2,
        )
        assert found["wrong"].error == {"status": 422, "code": "not_so", "detail": "not so", "rows": [3]}
        assert (found["shaky"].state, found["shaky"].attempts) == ("finished", 2)
        assert found["patient"].state == "cancelled"
        await runner.close()

    run(url, work)


def test_closing_gives_back_what_runs_and_the_next_runner_goes_on(url: str) -> None:
    async def work(database: Database) -> None:
        mine = board()
        started = asyncio.Event()

        async def forever(_running: RunningJob) -> None:
            started.set()
            await asyncio.Event().wait()

        async def quick(_running: RunningJob) -> None:
            return None

        first = JobRunner(database, mine, {"copy": forever}, poll_seconds=0.05)
        await first.start(alone=False)
        added, _ = await database.write(lambda c: mine.add(c, copy()))
        first.wake()
        await started.wait()
        await first.close()
        given_back = await job_in(database, mine, added.id)
        assert (given_back.state, given_back.attempts) == ("waiting", 0)
        second = JobRunner(database, mine, {"copy": quick}, poll_seconds=0.05)
        await second.start(alone=False)

        async def ended() -> bool:
            return (await job_in(database, mine, added.id)).state == "finished"

        await until(ended)
        await second.close()

    run(url, work)


def test_a_lost_lease_stops_the_handler(url: str) -> None:
    async def work(database: Database) -> None:
        mine = board()
        stopped = asyncio.Event()

        async def stubborn(_running: RunningJob) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                stopped.set()

        runner = JobRunner(database, mine, {"copy": stubborn}, poll_seconds=0.05, lease_seconds=0.3)
        await runner.start(alone=False)
        added, _ = await database.write(lambda c: mine.add(c, copy()))
        runner.wake()

        async def running() -> bool:
            return (await job_in(database, mine, added.id)).state == "running"

        await until(running)
        # as another process would that found the lease expired
        await database.write(mine.free_all)
        thief = await database.write(lambda c: mine.claim(c, "thief", LEASE))
        assert thief is not None
        await asyncio.wait_for(stopped.wait(), 10)
        await runner.close()
        assert (await job_in(database, mine, added.id)).state == "running"  # the thief's still

    run(url, work)


def test_a_part_that_is_away_makes_a_job_wait_not_fail(url: str) -> None:
    async def work(database: Database) -> None:
        mine = board(attempts=1)
        away = iter([True, False])

        async def needs(_running: RunningJob) -> None:
            if next(away):
                raise Unavailable("the image store is away")

        runner = JobRunner(database, mine, {"copy": needs}, poll_seconds=0.05)
        await runner.start(alone=False)
        added, _ = await database.write(lambda c: mine.add(c, copy()))
        runner.wake()

        async def ended() -> bool:
            return (await job_in(database, mine, added.id)).ended

        await until(ended)
        assert (await job_in(database, mine, added.id)).state == "finished"
        await runner.close()

    run(url, work)
