"""The sweeper: what nothing names goes, what something names stays, also beside uploads."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from services.imagestore import blob_repository
from services.imagestore.app import MIGRATIONS
from services.imagestore.repository import ImageRow, blob_state
from services.imagestore.service import Catalogue, Naming, Stored
from services.imagestore.sweeper import Sweeper
from services.imagestore.tables import blobs as blob_table
from services.imagestore.tables import images as image_table
from services.imagestore.uploads import Uploads, blob_key
from shared.blobs import LocalBlobs
from shared.database import Database, make_engine, migrate
from shared.database.types import now
from shared.imaging import ImageLimits
from shared.web.bodies import Staging
from shared.workers import WorkerPool
from tests.postgres import NewDatabase
from tests.services.imagestore.store import MakeStore, picture, problem, sha256

ORPHAN_HOURS = 24.0
LONG_AGO = timedelta(days=2)


@dataclass
class Parts:
    """The catalogue, the bytes and the sweeper, without the app around them."""

    database: Database
    blobs: LocalBlobs
    catalogue: Catalogue
    uploads: Uploads
    sweeper: Sweeper
    pool: WorkerPool

    async def put(self, name: str, content: bytes) -> tuple[Stored, ImageRow]:
        """Upload."""
        with Staging(self.blobs.staging) as staging:
            await staging.add(content)
            return await self.uploads.store(name, staging.finish_now, "ada")

    def uploads_into(self, catalogue: Catalogue, orphan_hours: float = ORPHAN_HOURS) -> Uploads:
        """Uploads that go to another catalogue of the same rows, or of another age of strays."""
        return Uploads(
            catalogue, self.database, self.blobs, self.pool, ImageLimits(), orphan_hours=orphan_hours
        )

    async def drop(self, name: str) -> None:
        """Delete and purge."""
        row = await self.catalogue.delete(name, "ada")
        await self.catalogue.purge(row.id, "ada")

    async def age(self) -> None:
        """Let everything that is stored have come long ago."""
        moment = now() - LONG_AGO
        await self.database.write(lambda c: c.execute(blob_table.update().values(created_at=moment)))
        for info in self.blobs.scan("blobs"):
            os.utime(self.blobs.root / info.key, (moment.timestamp(),) * 2)

    async def state(self, content: bytes) -> tuple[str, bool]:
        """What the row says of the bytes, and whether they are there."""
        digest = sha256(content)
        row = await self.database.read(lambda c: blob_state(c, digest))
        return row, self.blobs.stat(blob_key(digest)) is not None

    async def doom(self, content: bytes, stale: datetime | None = None) -> list[str]:
        """The sweeper's first step alone."""
        moment = now()
        return await self.database.write(
            lambda c: blob_repository.doom(c, [sha256(content)], moment, stale or moment)
        )


def make_parts(folder: Path, url: str) -> Parts:
    """The parts on that database."""
    engine = make_engine(url)
    migrate(engine, MIGRATIONS)
    database = Database(engine)
    blobs = LocalBlobs(folder / "blobs")
    catalogue = Catalogue(database, trash_days=7)
    pool = WorkerPool("store", 4, 100)
    uploads = Uploads(catalogue, database, blobs, pool, ImageLimits(), orphan_hours=ORPHAN_HOURS)
    sweeper = Sweeper(catalogue, database, blobs, orphan_hours=ORPHAN_HOURS, event_days=7, alone=True)
    return Parts(database, blobs, catalogue, uploads, sweeper, pool)


Sweep = Callable[[Callable[[Parts], Awaitable[None]]], None]


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    """Runs a test's coroutine with the parts."""

    def run(work: Callable[[Parts], Awaitable[None]], url: str = f"sqlite:///{tmp_path / 'rows.db'}") -> None:
        async def whole() -> None:
            parts = make_parts(tmp_path, url)
            try:
                await work(parts)
            finally:
                await parts.pool.close()
                await parts.database.close()

        asyncio.run(whole())

    return run


def test_what_nothing_names_goes_and_what_something_names_stays(sweep: Sweep) -> None:
    purged, earlier, present, trashed, shared = (picture(n) for n in range(5))

    async def work(parts: Parts) -> None:
        await parts.put("purged.png", purged)
        await parts.put("versions.png", earlier)
        await parts.put("versions.png", present)
        await parts.put("trashed.png", trashed)
        await parts.put("one.png", shared)
        await parts.put("two.png", shared)
        await parts.catalogue.delete("trashed.png", "ada")
        await parts.drop("purged.png")
        await parts.drop("one.png")
        await parts.age()
        assert await parts.sweeper.sweep() == 1
        assert await parts.state(purged) == ("absent", False)
        for kept in (earlier, present, trashed, shared):
            assert await parts.state(kept) == ("live", True)
        assert await parts.sweeper.sweep() == 0

    sweep(work)


def test_young_bytes_stay(sweep: Sweep) -> None:
    """Their upload may not have named them yet."""

    async def work(parts: Parts) -> None:
        await parts.put("a.png", picture(1))
        await parts.drop("a.png")
        parts.blobs.put(blob_key(sha256(picture(2))), picture(2))
        assert await parts.sweeper.sweep() == 0
        assert await parts.state(picture(1)) == ("live", True)
        assert await parts.state(picture(2)) == ("absent", True)

    sweep(work)


def test_strays_go(sweep: Sweep) -> None:
    """Bytes of an upload that was killed before it named them."""

    async def work(parts: Parts) -> None:
        parts.blobs.put(blob_key(sha256(picture(1))), picture(1))
        await parts.put("a.png", picture(2))
        await parts.age()
        assert await parts.sweeper.sweep() == 1
        assert await parts.state(picture(1)) == ("absent", False)
        assert await parts.state(picture(2)) == ("live", True)

    sweep(work)


def test_a_purge_of_the_trash_lets_the_bytes_go(sweep: Sweep) -> None:
    async def work(parts: Parts) -> None:
        await parts.put("old.png", picture(1))
        await parts.put("new.png", picture(2))
        old = await parts.catalogue.delete("old.png", "ada")
        await parts.catalogue.delete("new.png", "ada")
        moment = now() - timedelta(days=7, seconds=1)
        change = image_table.update().where(image_table.c.id == old.id).values(deleted_at=moment)
        await parts.database.write(lambda c: c.execute(change))
        await parts.age()
        assert await parts.sweeper.sweep() == 1
        assert [row.name for row in await parts.catalogue.trash(None, 10)] == ["new.png"]
        assert await parts.state(picture(1)) == ("absent", False)
        assert await parts.state(picture(2)) == ("live", True)
        events = await parts.database.read(lambda c: parts.catalogue.log.after(c, 0))
        assert '"imagestore.image.purged"' in events[-1].json
        assert '"by":"sweeper"' in events[-1].json

    sweep(work)


async def upload_waits(parts: Parts, content: bytes) -> "asyncio.Task[tuple[Stored, ImageRow]]":
    """An upload of doomed bytes, seen to wait."""
    uploading = asyncio.create_task(parts.put("again.png", content))
    await asyncio.sleep(0.12)
    assert not uploading.done()
    return uploading


@pytest.mark.parametrize("named_before_the_mark", [True, False])
def test_the_same_bytes_come_while_the_sweeper_is_at_work(sweep: Sweep, named_before_the_mark: bool) -> None:
    content = picture(1)

    async def work(parts: Parts) -> None:
        await parts.put("a.png", content)
        await parts.drop("a.png")
        await parts.age()
        found = await parts.database.read(lambda c: blob_repository.unnamed(c, now() - timedelta(days=1), 10))
        assert found == [sha256(content)]
        if named_before_the_mark:
            await parts.put("again.png", content)
            assert await parts.doom(content) == []
        else:
            assert await parts.doom(content) == found
            assert await parts.state(content) == ("doomed", True)
            uploading = await upload_waits(parts, content)
            parts.blobs.delete(blob_key(found[0]))
            await asyncio.sleep(0.06)
            assert not uploading.done()
            await parts.database.write(lambda c: blob_repository.forget(c, found))
            assert (await uploading)[0] == "created"
        assert await parts.state(content) == ("live", True)
        assert parts.blobs.read(blob_key(found[0])) == content
        await parts.age()
        assert await parts.sweeper.sweep() == 0

    sweep(work)


def test_bytes_that_were_looked_at_before_the_mark_are_not_named_after_it(sweep: Sweep) -> None:
    """An upload found the bytes there, then the sweeper marked them, then the upload wants to name them."""
    content = picture(1)

    async def work(parts: Parts) -> None:
        await parts.put("a.png", content)
        await parts.drop("a.png")
        await parts.age()
        entered, go_on = asyncio.Event(), asyncio.Event()
        record = parts.catalogue.record

        class Slow(Catalogue):
            async def record(
                self, prepare: Callable[[], Naming], pool: WorkerPool
            ) -> tuple[Stored, ImageRow]:
                naming = await pool.run(prepare)
                entered.set()
                await go_on.wait()
                return await record(lambda: naming, pool)

        slow = parts.uploads_into(Slow(parts.database, 7))
        quick, parts.uploads = parts.uploads, slow
        uploading = asyncio.create_task(parts.put("again.png", content))
        await entered.wait()
        parts.uploads = quick
        assert await parts.sweeper.sweep() == 1
        go_on.set()
        assert (await uploading)[0] == "created"
        assert await parts.state(content) == ("live", True)

    sweep(work)


@pytest.mark.parametrize(("was_there", "orphan_hours"), [(True, ORPHAN_HOURS), (False, 1e-9)])
def test_a_whole_sweep_of_a_stray_between_the_bytes_and_the_name(
    sweep: Sweep, was_there: bool, orphan_hours: float
) -> None:
    """The sweeper saw an old stray, or an upload took so long that its own bytes passed for one; the
    upload stored the same bytes anew; then the sweeper took them."""
    content = picture(1)
    digest = sha256(content)

    async def work(parts: Parts) -> None:
        record = parts.catalogue.record
        sweeps = iter([True])

        class Swept(Catalogue):
            async def record(
                self, prepare: Callable[[], Naming], pool: WorkerPool
            ) -> tuple[Stored, ImageRow]:
                naming = await pool.run(prepare)
                if next(sweeps, False):
                    assert await parts.state(content) == ("absent", True)
                    stray = [(digest, len(content))]
                    assert await parts.database.write(lambda c: blob_repository.doom_strays(c, stray, now()))
                    parts.blobs.delete(blob_key(digest))
                    await parts.database.write(lambda c: blob_repository.forget(c, [digest]))
                return await record(lambda: naming, pool)

        if was_there:
            parts.blobs.put(blob_key(digest), content)
        swept = Swept(parts.database, 7)
        parts.uploads = parts.uploads_into(swept, orphan_hours)
        assert (await parts.put("a.png", content))[0] == "created"
        assert await parts.state(content) == ("live", True)
        assert parts.blobs.read(blob_key(digest)) == content

    sweep(work)


def test_a_listed_stray_that_was_stored_anew_meanwhile_is_not_deleted(sweep: Sweep) -> None:
    """Another sweeper took the old bytes, an upload stored them again, and then this sweeper's turn comes."""
    content = picture(1)
    key = blob_key(sha256(content))

    async def work(parts: Parts) -> None:
        listed_as_older_than = now() - timedelta(hours=1)
        parts.blobs.put(key, content)
        assert await parts.sweeper._remove([sha256(content)], listed_as_older_than) == 0
        assert parts.blobs.read(key) == content
        assert await parts.sweeper._remove([sha256(content)], now() + timedelta(hours=1)) == 1
        assert parts.blobs.stat(key) is None

    sweep(work)


def test_an_upload_between_the_scan_and_the_mark_of_a_stray_keeps_its_bytes(sweep: Sweep) -> None:
    content = picture(1)
    stray = [(sha256(content), len(content))]

    async def work(parts: Parts) -> None:
        parts.blobs.put(blob_key(sha256(content)), content)
        await parts.put("a.png", content)
        doomed = await parts.database.write(lambda c: blob_repository.doom_strays(c, stray, now()))
        assert doomed == []
        assert await parts.state(content) == ("live", True)

    sweep(work)


def test_an_upload_after_the_mark_of_a_stray_waits_for_its_end(sweep: Sweep) -> None:
    content = picture(1)
    stray = [(sha256(content), len(content))]

    async def work(parts: Parts) -> None:
        parts.blobs.put(blob_key(sha256(content)), content)
        doomed = await parts.database.write(lambda c: blob_repository.doom_strays(c, stray, now()))
        assert doomed == [sha256(content)]
        uploading = await upload_waits(parts, content)
        parts.blobs.delete(blob_key(sha256(content)))
        await parts.database.write(lambda c: blob_repository.forget(c, doomed))
        assert (await uploading)[0] == "created"
        assert await parts.state(content) == ("live", True)

    sweep(work)


def test_a_sweep_that_was_killed_is_finished_at_the_next_start(make_store: MakeStore, tmp_path: Path) -> None:
    """Until then an upload of the same bytes could only wait."""
    content = picture(1)

    async def kill_between_mark_and_removal() -> None:
        parts = make_parts(tmp_path / "imagestore", f"sqlite:///{tmp_path / 'imagestore/imagestore.db'}")
        await parts.put("a.png", content)
        await parts.drop("a.png")
        assert await parts.doom(content) == [sha256(content)]
        await parts.pool.close()
        await parts.database.close()

    (tmp_path / "imagestore").mkdir()
    asyncio.run(kill_between_mark_and_removal())
    store = make_store()
    assert store.put_image("again.png", content).status_code == 201
    assert store.get("/v1/images/again.png/content").content == content
    assert problem(store.get("/v1/images/a.png")) == (404, "image_not_found")


def test_what_another_sweeper_marked_is_left_to_it(sweep: Sweep) -> None:
    async def work(parts: Parts) -> None:
        await parts.put("a.png", picture(1))
        await parts.drop("a.png")
        long_ago = now() - LONG_AGO
        assert await parts.doom(picture(1), stale=long_ago) == [sha256(picture(1))]
        assert await parts.doom(picture(1), stale=long_ago) == []
        assert await parts.doom(picture(1), stale=now()) == [sha256(picture(1))]

    sweep(work)


def test_old_events_go_and_the_newest_stays(sweep: Sweep) -> None:
    async def work(parts: Parts) -> None:
        for name in ("a.png", "b.png", "c.png"):
            await parts.put(name, picture(1))
        events = parts.catalogue.log
        old = now() - timedelta(days=8)
        table = image_table.metadata.tables["events"]
        await parts.database.write(lambda c: c.execute(table.update().values(time=old)))
        await parts.sweeper.sweep()
        position = await parts.database.read(events.position)
        assert (position.oldest, position.newest) == (3, 3)

    sweep(work)


def test_sweeping_beside_uploads_loses_nothing(
    sweep: Sweep, new_database: NewDatabase, tmp_path: Path
) -> None:
    """On PostgreSQL, where writers really run side by side: every acknowledged upload is there whole."""
    contents = [picture(n) for n in range(6)]

    async def work(parts: Parts) -> None:
        eager = Sweeper(
            parts.catalogue, parts.database, parts.blobs, orphan_hours=0, event_days=7, alone=True
        )
        parts.uploads = parts.uploads_into(parts.catalogue, orphan_hours=0)
        done = asyncio.Event()

        async def keep_sweeping() -> None:
            while not done.is_set():
                await eager.sweep()

        async def put_and_drop(number: int) -> None:
            name, content = f"{number}.png", contents[number]
            for _ in range(6):
                await parts.put(name, content)
                assert parts.blobs.read(blob_key(sha256(content))) == content
                await parts.drop(name)
            await parts.put(name, content)

        sweeping = asyncio.create_task(keep_sweeping())
        await asyncio.gather(*(put_and_drop(number) for number in range(6)))
        done.set()
        await sweeping
        for content in contents:
            assert await parts.state(content) == ("live", True)

    sweep(work, new_database())  # type: ignore[call-arg]
