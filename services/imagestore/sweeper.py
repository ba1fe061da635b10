"""The sweeper: what nobody can reach any more goes, safely beside uploads."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

from services.imagestore import blob_repository
from services.imagestore.service import Catalogue
from services.imagestore.uploads import blob_key
from shared.blobs import BlobInfo, BlobStore
from shared.database import Database
from shared.database.types import EPOCH, now
from shared.logging import get_logger

BATCH = 500
LEASE = timedelta(minutes=10)  # far longer than one batch takes, on any store
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
        alone: bool,
    ) -> None:
        """`alone`: no other process sweeps the same rows, so every mark that is found is an old one."""
        self._catalogue = catalogue
        self._database = database
        self._blobs = blobs
        self._orphan_age = timedelta(hours=orphan_hours)
        self._event_age = timedelta(days=event_days)
        self._lease = timedelta(0) if alone else LEASE

    async def run(self, seconds: float) -> None:
        """Sweep every so often, for ever; a failure is logged, and the next round tries again."""
        await self._try(self.finish)
        while True:
            await asyncio.sleep(seconds)
            await self._try(self.sweep)

    async def _try(self, work: Callable[[], Awaitable[int]]) -> None:
        try:
            await work()
        except Exception as error:
            log.error("sweep failed", exc_info=error)

    async def finish(self) -> int:
        """Remove what a sweep that was killed has marked: until then uploads of the same bytes wait."""
        return await self._sweep_unnamed(EPOCH)

    async def sweep(self) -> int:
        """One round; returns how many blobs it removed."""
        purged = 0
        while count := await self._catalogue.purge_expired():
            purged += count
        await self._database.write(lambda c: self._catalogue.log.trim(c, now() - self._event_age))
        removed = await self._sweep_unnamed(now() - self._orphan_age) + await self._sweep_strays()
        if purged or removed:
            log.info("swept", images=purged, blobs=removed)
        return removed

    async def _sweep_unnamed(self, before: datetime) -> int:
        """Blobs whose images are purged. Young ones stay: their upload may not have named them yet."""
        found = await self._database.read(lambda c: blob_repository.unnamed(c, before, 100_000))
        removed = 0
        for start in range(0, len(found), BATCH):
            part = found[start : start + BATCH]
            moment = now()
            doom = partial(blob_repository.doom, digests=part, moment=moment, stale=moment - self._lease)
            doomed = await self._database.write(doom)
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
                removed += await self._remove(doomed, stored_before=before)
        return removed

    async def _remove(self, doomed: list[str], stored_before: datetime | None = None) -> int:
        """Delete the bytes, then the marks; strays that were stored anew since they were listed stay."""
        removed = 0
        for digest in doomed:
            removed += await asyncio.to_thread(self._delete, blob_key(digest), stored_before)
        if doomed:
            await self._database.write(lambda c: blob_repository.forget(c, doomed))
        return removed

    def _delete(self, key: str, stored_before: datetime | None) -> bool:
        if stored_before is not None:
            found = self._blobs.stat(key)
            if found is None or found.modified >= stored_before:
                return False
        self._blobs.delete(key)
        return True


def _next_batch(scan: Iterator[BlobInfo]) -> list[BlobInfo]:
    return list(islice(scan, BATCH))
