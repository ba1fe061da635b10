"""The sweeper: what nobody can reach any more goes, safely beside uploads."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from itertools import islice

from services.imagestore import blob_repository
from services.imagestore.service import Catalogue
from services.imagestore.uploads import blob_key
from shared.blobs import BlobInfo, BlobStore
from shared.database import Database
from shared.database.types import now
from shared.logging import get_logger

BATCH = 500
log = get_logger("sweeper")


class Sweeper:
    """Purges the trash, old events, and blobs that nothing names.

    A blob goes in three steps: its row is marked doomed, its bytes are deleted, its row is dropped.
    An upload looks at that row in the transaction that names the blob, so it either comes before the
    first step, which then finds the blob named, or sees the mark and stores the bytes again.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        database: Database,
        blobs: BlobStore,
        *,
        orphan_hours: float,
        event_days: float,
    ) -> None:
        self._catalogue = catalogue
        self._database = database
        self._blobs = blobs
        self._orphan_age = timedelta(hours=orphan_hours)
        self._event_age = timedelta(days=event_days)

    async def run(self, seconds: float) -> None:
        """Sweep every so often, for ever; a failure is logged, and the next round tries again."""
        while True:
            await asyncio.sleep(seconds)
            try:
                await self.sweep()
            except Exception as error:
                log.error("sweep failed", exc_info=error)

    async def sweep(self) -> int:
        """One round; returns how many blobs it removed."""
        purged = 0
        while count := await self._catalogue.purge_expired():
            purged += count
        await self._database.write(lambda c: self._catalogue.log.trim(c, now() - self._event_age))
        removed = await self._sweep_unnamed() + await self._sweep_strays()
        if purged or removed:
            log.info("swept", images=purged, blobs=removed)
        return removed

    async def _sweep_unnamed(self) -> int:
        """Blobs whose images are purged. Young ones stay: their upload may not have named them yet."""
        before = now() - self._orphan_age
        found = await self._database.read(lambda c: blob_repository.unnamed(c, before, 100_000))
        removed = 0
        for start in range(0, len(found), BATCH):
            part = found[start : start + BATCH]
            doomed = await self._database.write(partial(blob_repository.doom, digests=part, moment=now()))
            removed += await self._remove(doomed)
        return removed

    async def _sweep_strays(self) -> int:
        """Stored bytes without any row: an upload died between the bytes and the row."""
        before = now() - self._orphan_age
        scan = self._blobs.scan("blobs")
        removed = 0
        while batch := await asyncio.to_thread(_next_batch, scan):
            old = [(info.key.rsplit("/", 1)[-1], info.size) for info in batch if info.modified < before]
            rows = await self._database.read(
                partial(blob_repository.known, digests=[each for each, _ in old])
            )
            strays = [(digest, size) for digest, size in old if digest not in rows]
            if strays:
                doomed = await self._database.write(
                    partial(blob_repository.doom_strays, found=strays, moment=now())
                )
                removed += await self._remove(doomed)
        return removed

    async def _remove(self, doomed: list[str]) -> int:
        for digest in doomed:
            await asyncio.to_thread(self._blobs.delete, blob_key(digest))
        if doomed:
            await self._database.write(lambda c: blob_repository.forget(c, doomed))
        return len(doomed)


def _next_batch(scan: Iterator[BlobInfo]) -> list[BlobInfo]:
    return list(islice(scan, BATCH))
