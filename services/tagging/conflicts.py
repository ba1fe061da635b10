"""Conflicts: someone else changed the CSV; merge with it, replace it, or save elsewhere from now on."""

import asyncio
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.tagging import block_repository, history_repository, repository, target
from services.tagging.columns import ColumnCache
from services.tagging.csv_file import DataFile, read_data
from services.tagging.csv_merge import Keys, Merge, keys_of, merge_keys
from services.tagging.datasets import need_ready
from services.tagging.imports import Imports, shape_of
from services.tagging.late_labels import bring_in
from services.tagging.mirror import Mirror, Snapshot, as_not_writable
from services.tagging.paths import Roots
from services.tagging.repository import DatasetRow, FileStamp
from services.tagging.shelf import Shelf, new_content_id
from shared.contracts.tagging import Save, Saved, Tag
from shared.database import Connection, Database
from shared.errors import Conflict, DarkroomError, TooLarge, Unavailable
from shared.events import EventLog
from shared.workers import WorkerPool

SHOWN = 20


class Conflicts:
    """The three ways out of a conflict. Nothing is lost but what the person chose to lose."""

    def __init__(
        self,
        database: Database,
        log: EventLog,
        columns: ColumnCache,
        shelf: Shelf,
        mirror: Mirror,
        imports: Imports,
        roots: Roots,
        pool: WorkerPool,
        *,
        most_bytes: int,
    ) -> None:
        """`most_bytes`: of a file that is merged with."""
        self._database = database
        self._log = log
        self._columns = columns
        self._shelf = shelf
        self._mirror = mirror
        self._imports = imports
        self._roots = roots
        self._pool = pool
        self._most_bytes = most_bytes

    async def save(self, dataset_id: int, wanted: Save) -> Saved:
        """Save as the person chose. Raises what Mirror.save does, PathNotAllowed, InvalidCsv."""
        if wanted.on_conflict == "merge":
            return await self._merge(dataset_id)
        if wanted.on_conflict == "elsewhere":
            return await self._save_elsewhere(dataset_id, wanted.save_to or "")
        return await self._mirror.save(dataset_id, replace=wanted.on_conflict == "replace")

    async def _save_elsewhere(self, dataset_id: int, folder: str) -> Saved:
        """From now on saves go into that folder, where nothing of that name may stand yet."""
        place = await self._pool.run(self._roots.resolve, folder)
        before = await self._database.read(lambda c: need_ready(repository.find(c, dataset_id)))
        path = place / target.labelled_name(Path(before.csv_path).name.replace(target.LABELLED, ""))
        if await self._pool.run(os.path.lexists, path):
            raise Conflict("a file of that name is there already", code="file_exists")
        fresh = {"file_stamp": None, "next_stamp": None, "conflict": False, "saved_revision": -1}
        await self._move(dataset_id, {"csv_path": str(path), **fresh})
        try:
            return await self._mirror.save(dataset_id)
        except (DarkroomError, OSError):
            await self._move(dataset_id, _place_of(before))
            raise

    async def _move(self, dataset_id: int, values: dict[str, Any]) -> None:
        async with self._mirror.lease.alone(dataset_id):
            await self._database.write(lambda c: repository.change(c, dataset_id, values))

    async def _merge(self, dataset_id: int) -> Saved:
        """Their file with our tags takes the place of the dataset's rows, and is saved."""
        async with self._mirror.lease.alone(dataset_id):
            snapshot = await self._pool.run(self._mirror.snapshot, dataset_id)
            gone: list[int] = []
            if await self._pool.run(
                Path(snapshot.row.csv_path).exists
            ):  # else there is nothing to merge with
                gone = (await self._take_over(snapshot)).removed[:SHOWN].tolist()
                snapshot = await self._pool.run(self._mirror.snapshot, dataset_id)
            saved = await self._mirror.put(snapshot)
            return saved.model_copy(update={"unmatched": gone})

    async def _take_over(self, snapshot: Snapshot) -> Merge:
        """Read their file into a new content, and let the dataset have it."""
        dataset_id, content_id = snapshot.row.id, new_content_id()
        await self._database.write(lambda c: block_repository.add_content(c, dataset_id, content_id))
        try:
            with as_not_writable():
                data, stamp = await self._pool.run(self._read, snapshot.row, content_id)
            merged = await self._pool.run(self._match, snapshot, data)
            version = snapshot.revision + 1  # higher than any row's was: an ETag of before fits no row now
            await self._imports.write_content(content_id, data, merged.values, version=version)
            await self._database.write(lambda c: self._swap(c, snapshot, content_id, data, merged, stamp))
        except BaseException:
            await self._drop(content_id)
            raise
        self._columns.forget(dataset_id)
        await self._drop(snapshot.row.content_id)
        return merged

    async def _drop(self, content_id: str) -> None:
        await self._database.write(lambda c: block_repository.drop_content(c, content_id))
        await asyncio.shield(self._pool.run(self._shelf.remove, content_id))

    def _read(self, row: DatasetRow, content_id: str) -> tuple[DataFile, FileStamp]:
        """Their file as it is now, on the shelf as the new source."""
        path = Path(row.csv_path)
        stamp = target.look(path, digest=True)
        if stamp is not None and stamp.size > self._most_bytes:
            raise TooLarge(f"a CSV may have at most {self._most_bytes} bytes", limit=self._most_bytes)
        self._shelf.put_source(content_id, path.read_bytes())
        data = read_data(self._shelf.read_source(content_id), row.encoding)
        self._shelf.put_layout(content_id, data.layout)
        if stamp is None or stamp != target.look(path, digest=True):
            raise Unavailable("the CSV is being written at this moment; try again", code="csv_being_written")
        return data, stamp

    def _match(self, snapshot: Snapshot, data: DataFile) -> Merge:
        codes = [tag.code for tag in snapshot.row.tags]
        return merge_keys(data, codes, self._keys(snapshot.row), snapshot.values)

    def _keys(self, row: DatasetRow) -> Keys:
        """What our rows are recognised by."""

        def work(connection: Connection) -> Keys:
            columns = self._columns.find(connection, row)
            return keys_of(
                (
                    columns.paths.of(index),
                    columns.clip_of(index).name or "",
                    row.cameras[columns.cameras[index]],
                )
                for index in range(row.rows)
            )

        return self._database.read_now(work)

    def _swap(
        self,
        connection: Connection,
        snapshot: Snapshot,
        content_id: str,
        data: DataFile,
        merged: Merge,
        stamp: FileStamp,
    ) -> None:
        """Let the dataset have the new content, with the labels that came since the snapshot."""
        row = repository.find(connection, snapshot.row.id, lock=True)
        if row.content_id != snapshot.row.content_id:
            raise Unavailable("somebody else has merged meanwhile; try again", code="save_busy")
        revision = row.revision + 1
        tags = _in_their_order(row, data)
        late = block_repository.blocks_since(connection, row.content_id, snapshot.revision)
        if late:
            columns = [row.tags.index(tag) for tag in tags]
            changed = bring_in(merged, late, columns, revision)
            if changed:
                block_repository.write_blocks(connection, content_id, revision, changed)
        values: dict[str, Any] = {
            **shape_of(data, merged.values),
            "tags": repository.tags_to_json(tags),
            "content_id": content_id,
            "revision": revision,
            "file_stamp": stamp.as_json(),
            "next_stamp": None,
            "conflict": False,
        }
        repository.change(connection, row.id, values)
        if tags != list(row.tags) or not _same_rows(merged.source_row, row.rows):
            history_repository.forget(connection, row.id)
        told = {"dataset": row.id, "revision": revision, "rows": data.rows}
        self._log.append(connection, "dataset.merged", f"datasets/{row.id}", told)


def _place_of(row: DatasetRow) -> dict[str, Any]:
    """What a dataset's row says of the file that it is saved to."""
    return {
        "csv_path": row.csv_path,
        "file_stamp": None if row.file_stamp is None else row.file_stamp.as_json(),
        "next_stamp": None if row.next_stamp is None else row.next_stamp.as_json(),
        "conflict": row.conflict,
        "saved_revision": row.saved_revision,
    }


def _in_their_order(row: DatasetRow, data: DataFile) -> list[Tag]:
    by_code = {tag.code: tag for tag in row.tags}
    return [by_code[tag.code] for tag in data.tags]


def _same_rows(source: NDArray[np.integer], rows: int) -> bool:
    """Whether every row is where it was: only then does the history still speak of the same rows."""
    return len(source) == rows and bool(np.array_equal(source, np.arange(rows)))
