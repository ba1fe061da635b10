"""Jobs on PostgreSQL: two replicas beside each other, and one that takes over from a dead one."""

from pathlib import Path

from sqlalchemy import inspect, select

from services.processing.app import MIGRATIONS
from services.processing.tables import jobs, metadata
from shared.database import make_engine, migrate
from tests.postgres import NewDatabase, Postgres, new_database, postgres
from tests.processing import DENOISE, EDGES, Processing, noise, states

__all__ = ["Postgres", "new_database", "postgres"]
IMAGES = [(f"{number}.png", noise(number)) for number in range(5)]
SLOW = [(f"slow-{number}.png", noise(number, (300, 200))) for number in range(6)]


def replica(folder: Path, name: str, url: str) -> Processing:
    """One of several services over the same rows and blobs."""
    place = folder / name
    place.mkdir()
    return Processing(
        place,
        DARKROOM_PROCESSING_DATABASE_URL=url,
        DARKROOM_BLOBS_URL=(folder / "blobs").as_uri(),
        DARKROOM_PROCESSING_LEASE_SECONDS="1.5",
    )


def test_replicas_share_the_work_and_take_over_from_each_other(
    tmp_path: Path, new_database: NewDatabase
) -> None:
    url = new_database()
    with replica(tmp_path, "one", url) as one, replica(tmp_path, "two", url) as two:
        added = [each.submit(IMAGES, EDGES, key=f"{number}") for number, each in enumerate((one, two, one))]
        assert two.submit(IMAGES, EDGES, key="0") == added[0]
        assert [states(two.ended(job)) for job in added] == [["finished"] * len(IMAGES)] * 3
        told = [event["subject"] for event in one.events() if event["type"] == "processing.job.finished"]
        assert sorted(told) == [f"jobs/{job}" for job in added]
        first = [one.http.get(f"/v1/jobs/{job}/items/0/result").content for job in added]
        assert first == [first[0]] * 3
        slow = one.submit(SLOW, DENOISE)
        two.wait_for(slow, 1)
        holder, left = (two, one) if _works_on(two, slow) else (one, two)
        holder.kill()
        assert states(left.ended(slow)) == ["finished"] * len(SLOW)
        assert left.http.delete(f"/v1/jobs/{slow}").json()["state"] == "finished"
        assert left.http.post(f"/v1/jobs/{slow}/retry").json()["code"] == "nothing_to_retry"


def _works_on(service: Processing, job: int) -> bool:
    """Whether the job's lease is this process's."""
    url = service.given["DARKROOM_PROCESSING_DATABASE_URL"]
    engine = make_engine(url)
    with engine.connect() as connection:
        owner = connection.execute(select(jobs.c.lease_owner).where(jobs.c.id == job)).scalar_one()
    engine.dispose()
    return f":{service.process.pid}:" in (owner or "")


def test_the_migrations_make_the_tables(tmp_path: Path, new_database: NewDatabase) -> None:
    for url in (new_database(), f"sqlite:///{tmp_path}/made.db"):
        engine = make_engine(url)
        migrate(engine, MIGRATIONS)
        made = inspect(engine)
        assert set(made.get_table_names()) == {*metadata.tables, "alembic_version"}
        for name, table in metadata.tables.items():
            assert {column["name"] for column in made.get_columns(name)} == set(table.columns.keys()), name
        engine.dispose()
