"""Exports: the CSV as a download: tag columns alone, the whole, or one that a spreadsheet may open."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from enum import StrEnum

from services.tagging import repository
from services.tagging.columns import ColumnCache
from services.tagging.csv_export import export_cells
from services.tagging.datasets import need_ready
from services.tagging.mirror import Mirror, Snapshot
from services.tagging.repository import DatasetRow
from services.tagging.shelf import Shelf
from shared.blobs import BlobMissing
from shared.database import Connection, Database
from shared.workers import WorkerPool

_END = object()


class Columns(StrEnum):
    """What goes into an export."""

    TAGS = "tags"
    ALL = "all"


class Exports:
    """Makes them, off the event loop."""

    def __init__(
        self, database: Database, columns: ColumnCache, mirror: Mirror, shelf: Shelf, pool: WorkerPool
    ) -> None:
        self._database = database
        self._columns = columns
        self._mirror = mirror
        self._shelf = shelf
        self._pool = pool

    async def tags(self, dataset_id: int) -> tuple[DatasetRow, bytes]:
        """The dataset as it is, and its tag columns alone, in the order of the indexes.

        Old clients ask for it again and again: only blocks of rows that changed meanwhile are rendered.
        Raises DatasetNotFound, DatasetNotReady.
        """
        return await self._pool.run(self._tags, dataset_id)

    async def whole(
        self, dataset_id: int, *, for_spreadsheet: bool
    ) -> tuple[DatasetRow, AsyncIterator[bytes]]:
        """The dataset as it is, and all columns piece by piece.

        Raises DatasetNotFound, DatasetNotReady, BlobMissing.
        """
        snapshot = await self._pool.run(self._mirror.snapshot, dataset_id)
        while True:
            pieces = self._for_spreadsheet(snapshot) if for_spreadsheet else self._mirror.text(snapshot)
            try:
                first = await asyncio.to_thread(next, pieces, _END)
            except BlobMissing:  # a merge, perhaps by another replica, has put another content in its place
                before, snapshot = snapshot, await self._pool.run(self._mirror.snapshot, dataset_id)
                if snapshot.row.content_id == before.row.content_id:
                    raise
            else:
                return snapshot.row, _piece_by_piece(first, pieces)

    def _tags(self, dataset_id: int) -> tuple[DatasetRow, bytes]:
        def work(connection: Connection) -> tuple[DatasetRow, bytes]:
            row = need_ready(repository.find(connection, dataset_id))
            with self._columns.fresh(connection, row) as columns:
                return row, columns.text.render([tag.code for tag in row.tags], columns.values, row.rows)

        return self._database.read_now(work)

    def _for_spreadsheet(self, snapshot: Snapshot) -> Iterator[bytes]:
        source = self._shelf.open(snapshot.row.content_id)
        yield from export_cells(source.data, source.layout, snapshot.values)


async def _piece_by_piece(first: object, pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    piece = first
    while isinstance(piece, bytes | bytearray | memoryview):
        yield bytes(piece)
        piece = await asyncio.to_thread(next, pieces, _END)
