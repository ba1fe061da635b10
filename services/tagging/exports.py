"""Exports: the CSV as a download: tag columns alone, the whole, or one that a spreadsheet may open."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from enum import StrEnum

from services.tagging.csv_export import export_cells
from services.tagging.csv_tags import render_tags
from services.tagging.mirror import Mirror, Snapshot
from services.tagging.shelf import Shelf
from shared.workers import WorkerPool

_END = object()


class Columns(StrEnum):
    """What goes into an export."""

    TAGS = "tags"
    ALL = "all"


class Exports:
    """Makes them, off the event loop."""

    def __init__(self, mirror: Mirror, shelf: Shelf, pool: WorkerPool) -> None:
        self._mirror = mirror
        self._shelf = shelf
        self._pool = pool

    async def make(
        self, dataset_id: int, columns: Columns, *, for_spreadsheet: bool
    ) -> tuple[Snapshot, AsyncIterator[bytes]]:
        """The dataset as it is, and the export piece by piece. Raises DatasetNotFound, DatasetNotReady."""
        snapshot = await self._pool.run(self._mirror.snapshot, dataset_id)
        if columns is Columns.TAGS:
            pieces = iter([await self._pool.run(self._tags, snapshot)])
        elif for_spreadsheet:
            pieces = self._for_spreadsheet(snapshot)
        else:
            pieces = self._mirror.text(snapshot)
        first = await asyncio.to_thread(next, pieces, _END)
        return snapshot, _piece_by_piece(first, pieces)

    def _tags(self, snapshot: Snapshot) -> bytes:
        return render_tags([tag.code for tag in snapshot.row.tags], snapshot.values)

    def _for_spreadsheet(self, snapshot: Snapshot) -> Iterator[bytes]:
        source = self._shelf.open(snapshot.row.content_id)
        yield from export_cells(source.data, source.layout, snapshot.values)


async def _piece_by_piece(first: object, pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    piece = first
    while isinstance(piece, bytes | bytearray | memoryview):
        yield bytes(piece)
        piece = await asyncio.to_thread(next, pieces, _END)
