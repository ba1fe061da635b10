"""Mirror: what the database says, written to the user's CSV. One save at a time a dataset.

Requests that come while one is written share the next one. An answer means that the file on disk
holds every change that was made before the request.
"""

import asyncio
import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.tagging import repository, target
from services.tagging.columns import ColumnCache
from services.tagging.csv_render import render
from services.tagging.datasets import need_ready
from services.tagging.repository import DatasetRow
from services.tagging.save_lease import SaveLease
from services.tagging.shelf import Shelf
from services.tagging.target import Written
from shared.contracts.tagging import Saved
from shared.database import Connection, Database, SQLAlchemyError
from shared.database.types import now
from shared.errors import Conflict, DarkroomError
from shared.events import EventLog
from shared.logging import get_logger
from shared.workers import WorkerPool

NOT_OURS = {  # what is wrong with the place, and not with us
    errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG,
    errno.ELOOP, errno.ENOENT, errno.EBUSY, errno.ESTALE,
}  # fmt: skip
log = get_logger("mirror")


class CsvNotWritable(Conflict):
    """The place of the CSV cannot be written: read-only, a folder's name, no permission."""

    code = "csv_not_writable"
    title = "The CSV cannot be written"


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
        self.lease = SaveLease(database)
        self._running: dict[int, asyncio.Task[Saved]] = {}
        self._waiting: dict[int, asyncio.Task[Saved]] = {}

    async def save(self, dataset_id: int, *, replace: bool = False) -> Saved:
        """Write the CSV. `replace`: also over changes of others.

        Raises DatasetNotFound, CsvChanged, CsvNotWritable, SaveBusy, OSError for a full disk.
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
        await asyncio.gather(*self._running.values(), *self._waiting.values(), return_exceptions=True)
        dirty = await self._database.read(repository.dirty)
        await asyncio.gather(*map(self._save_behind, dirty))

    async def recover(self, *, alone: bool) -> None:
        """After a start: remove what killed saves left behind, and save what they did not get to."""
        if alone:
            await self._database.write(repository.free_saves)
        for row in await self._database.read(repository.dirty):
            await self._save_behind(row, sweep=True)

    async def _save_behind(self, row: DatasetRow, *, sweep: bool = False) -> None:
        """Save for nobody in particular: a failure is logged, and the dataset stays unsaved."""
        try:
            if sweep:
                async with self.lease.alone(row.id):
                    await self._pool.run(target.sweep_leftovers, Path(row.csv_path))
            await self.save(row.id)
        except (DarkroomError, OSError, SQLAlchemyError) as error:
            log.warning("a dataset could not be saved", dataset=row.id, reason=str(error))

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
        async with self.lease.alone(dataset_id):
            snapshot = await self._pool.run(self.snapshot, dataset_id)
            row, path = snapshot.row, Path(snapshot.row.csv_path)
            if not replace and not await self._is_known(row, path):
                await self._note_conflict(row)
                raise CsvChanged(
                    "choose to merge (their other cells, our tags), to replace, or another place"
                )
            if await self._pool.run(_is_saved, snapshot):
                return _as_saved(snapshot)
            return await self.put(snapshot)

    async def _is_known(self, row: DatasetRow, path: Path) -> bool:
        with as_not_writable():
            return await self._pool.run(target.is_known, path, row.file_stamp, row.next_stamp)

    async def put(self, snapshot: Snapshot) -> Saved:
        """Write it while alone: beside the target, said in the row, put in its place, said to be there."""
        row, path = snapshot.row, Path(snapshot.row.csv_path)
        with as_not_writable():
            written = await self._pool.run(self._render, snapshot)
        try:
            await self.lease.hold(row.id, {"next_stamp": written.stamp.as_json()})
        except BaseException:
            await self._pool.run(target.discard, written)
            raise
        with as_not_writable():
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
            self.lease.write_now(connection, row.id, values)
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

    async def _note_conflict(self, row: DatasetRow) -> None:
        if row.conflict:
            return

        def work(connection: Connection) -> None:
            repository.change(connection, row.id, {"conflict": True})
            told = {"dataset": row.id}
            self._log.append(connection, "dataset.conflicted", f"datasets/{row.id}", told)

        await self._database.write(work)


@contextmanager
def as_not_writable() -> Iterator[None]:
    """Raises CsvNotWritable for what the person who asked can change; a full disk stays an OSError."""
    try:
        yield
    except OSError as error:
        if error.errno not in NOT_OURS:
            raise
        reason = os.strerror(error.errno or 0).lower()
        raise CsvNotWritable(f"{reason}; choose another folder, or make this one writable") from None


def _is_saved(snapshot: Snapshot) -> bool:
    """Whether the file on disk holds the snapshot already."""
    row = snapshot.row
    if row.conflict or row.saved_revision != snapshot.revision:
        return False
    if row.saved_at is None or row.file_stamp is None:
        return False
    return target.is_there(Path(row.csv_path), row.file_stamp)


def _as_saved(snapshot: Snapshot) -> Saved:
    row = snapshot.row
    assert row.saved_at is not None
    assert row.file_stamp is not None
    return Saved(
        revision=snapshot.revision, csv_path=row.csv_path, saved_at=row.saved_at, size=row.file_stamp.size
    )
