"""Mirror: what the database says, written to the user's CSV. One save at a time a dataset.

Requests that come while one is written share the next one. An answer means that the file on disk
holds every change that was made before the request.
"""

import asyncio
import socket
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.tagging import repository, target
from services.tagging.columns import ColumnCache
from services.tagging.csv_render import render
from services.tagging.datasets import need_ready
from services.tagging.repository import DatasetRow
from services.tagging.shelf import Shelf
from services.tagging.target import Written
from shared.contracts.tagging import Saved
from shared.database import Connection, Database
from shared.database.types import now
from shared.errors import Conflict, Unavailable
from shared.events import EventLog
from shared.workers import WorkerPool

LEASE = timedelta(seconds=60)
RETRY_SECONDS = 0.05
PATIENCE = 600  # tries to become the one who saves: 30 s


class CsvChanged(Conflict):
    """Someone else has changed the CSV since we last wrote or read it."""

    code = "csv_changed"
    title = "The CSV was changed by someone else"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A dataset at one revision: its values (n, T), index order."""

    row: DatasetRow
    revision: int
    values: NDArray[np.bool_]


class Mirror:
    """Saves datasets to their files."""

    def __init__(
        self, database: Database, log: EventLog, columns: ColumnCache, shelf: Shelf, pool: WorkerPool
    ) -> None:
        self._database = database
        self._log = log
        self._columns = columns
        self._shelf = shelf
        self._pool = pool
        self._running: dict[int, asyncio.Task[Saved]] = {}
        self._waiting: dict[int, asyncio.Task[Saved]] = {}
        self._locks: dict[int, asyncio.Lock] = {}
        self._owner = f"{socket.gethostname()}:{uuid.uuid4().hex[:12]}"

    async def save(self, dataset_id: int, *, replace: bool = False) -> Saved:
        """Write the CSV. `replace`: also over changes of others.

        Raises DatasetNotFound, CsvChanged, Unavailable where another replica does not finish; OSError.
        """
        if replace:
            return await self._write(dataset_id, replace=True)
        waiting = self._waiting.get(dataset_id)
        if waiting is None:
            following = self._follow(dataset_id, self._running.get(dataset_id))
            waiting = self._waiting[dataset_id] = asyncio.create_task(following)
        return await asyncio.shield(waiting)

    async def close(self) -> None:
        """Finish the saves that are under way, and save what is not saved yet."""
        dirty = await self._database.read(repository.dirty)
        await asyncio.gather(*(self.save(row.id) for row in dirty), return_exceptions=True)

    async def recover(self, *, alone: bool) -> None:
        """After a start: remove what killed saves left behind, and save what they did not get to."""
        if alone:
            await self._database.write(repository.free_saves)
        for row in await self._database.read(repository.dirty):
            if alone:
                await self._pool.run(target.sweep_leftovers, Path(row.csv_path))
            await asyncio.gather(self.save(row.id), return_exceptions=True)

    async def _follow(self, dataset_id: int, running: "asyncio.Task[Saved] | None") -> Saved:
        if running is not None:
            await asyncio.wait([running])
        task = asyncio.current_task()
        assert task is not None
        self._running[dataset_id] = self._waiting.pop(dataset_id)  # who asks from now on waits for the next
        try:
            return await self._write(dataset_id, replace=False)
        finally:
            if self._running.get(dataset_id) is task:
                del self._running[dataset_id]

    async def _write(self, dataset_id: int, *, replace: bool) -> Saved:
        async with self.alone(dataset_id):
            snapshot = await self._pool.run(self.snapshot, dataset_id)
            row, path = snapshot.row, Path(snapshot.row.csv_path)
            if not replace and not await self._pool.run(
                target.is_known, path, row.file_stamp, row.next_stamp
            ):
                await self._note_conflict(row)
                raise CsvChanged(
                    "choose to merge (their other cells, our tags), to replace, or another place"
                )
            if await self._pool.run(_is_saved, snapshot):
                return _as_saved(snapshot)
            return await self.put(snapshot)

    @asynccontextmanager
    async def alone(self, dataset_id: int) -> AsyncIterator[None]:
        """While nobody else, here or in another replica, writes the dataset's CSV."""
        async with self._locks.setdefault(dataset_id, asyncio.Lock()):
            await self._claim(dataset_id)
            try:
                yield
            finally:
                await self._release(dataset_id)

    async def put(self, snapshot: Snapshot) -> Saved:
        """Write it while alone: beside the target, said in the row, put in its place, said to be there."""
        row, path = snapshot.row, Path(snapshot.row.csv_path)
        written = await self._pool.run(self._render, snapshot)
        try:
            await self._write_row(row.id, {"next_stamp": written.stamp.as_json()})
        except BaseException:
            await self._pool.run(target.discard, written)
            raise
        await self._pool.run(target.put_in_place, written, path)
        return await self._finish(snapshot, written)

    async def _finish(self, snapshot: Snapshot, written: Written) -> Saved:
        row, moment = snapshot.row, now()
        values = {
            "file_stamp": written.stamp.as_json(),
            "next_stamp": None,
            "saved_revision": snapshot.revision,
            "saved_at": moment,
            "conflict": False,
        }

        def work(connection: Connection) -> None:
            repository.write_if_saving(connection, row.id, self._owner, values)
            told = {"dataset": row.id, "saved_revision": snapshot.revision}
            self._log.append(connection, "dataset.saved", f"datasets/{row.id}", told)

        await self._database.write(work)
        return Saved(
            revision=snapshot.revision, csv_path=row.csv_path, saved_at=moment, size=written.stamp.size
        )

    def snapshot(self, dataset_id: int) -> Snapshot:
        """The dataset as it is now. Blocks. Raises DatasetNotFound, DatasetNotReady."""

        def work(connection: Connection) -> Snapshot:
            row = need_ready(repository.find(connection, dataset_id))
            with self._columns.fresh(connection, row) as columns:
                values = np.ascontiguousarray(columns.values[:, : row.rows].T)
                return Snapshot(row, columns.revision, values)

        return self._database.read_now(work)

    def text(self, snapshot: Snapshot) -> Iterator[bytes]:
        """The CSV as it would be saved, in pieces. Blocks. Raises BlobMissing."""
        source = self._shelf.open(snapshot.row.content_id)
        yield from render(source.data, source.layout, snapshot.values)

    def _render(self, snapshot: Snapshot) -> Written:
        return target.write_beside(Path(snapshot.row.csv_path), self.text(snapshot))

    async def _claim(self, dataset_id: int) -> None:
        for _ in range(PATIENCE):
            moment = now()
            claimed = await self._database.write(
                partial(
                    repository.claim_save,
                    dataset_id=dataset_id,
                    owner=self._owner,
                    moment=moment,
                    until=moment + LEASE,
                )
            )
            if claimed:
                return
            await self._database.read(lambda c: repository.find(c, dataset_id))
            await asyncio.sleep(RETRY_SECONDS)
        raise Unavailable("another save of this dataset does not end", code="save_busy")

    async def _release(self, dataset_id: int) -> None:
        await self._write_row(dataset_id, {"save_owner": None, "save_until": None})

    async def _write_row(self, dataset_id: int, values: dict[str, object]) -> None:
        await self._database.write(lambda c: repository.write_if_saving(c, dataset_id, self._owner, values))

    async def _note_conflict(self, row: DatasetRow) -> None:
        if row.conflict:
            return

        def work(connection: Connection) -> None:
            repository.change(connection, row.id, {"conflict": True})
            told = {"dataset": row.id}
            self._log.append(connection, "dataset.conflicted", f"datasets/{row.id}", told)

        await self._database.write(work)


def _is_saved(snapshot: Snapshot) -> bool:
    """Whether the file on disk holds the snapshot already."""
    row = snapshot.row
    if row.saved_revision != snapshot.revision or row.saved_at is None or row.file_stamp is None:
        return False
    return target.is_there(Path(row.csv_path), row.file_stamp)


def _as_saved(snapshot: Snapshot) -> Saved:
    row = snapshot.row
    assert row.saved_at is not None
    assert row.file_stamp is not None
    return Saved(
        revision=snapshot.revision, csv_path=row.csv_path, saved_at=row.saved_at, size=row.file_stamp.size
    )
