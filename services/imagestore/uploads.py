"""Uploads: bytes first, then the row that names them."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from services.imagestore.blob_keys import blob_key as blob_key
from services.imagestore.names import clean_name
from services.imagestore.repository import Facts, ImageRow, blob_state
from services.imagestore.service import ANY, BlobVanished, Catalogue, Naming, Precondition, Stored
from shared.blobs import BlobStore
from shared.database import Database
from shared.database.types import now
from shared.errors import Unavailable
from shared.imaging import ImageLimits, probe
from shared.web.bodies import Staged
from shared.workers import WorkerPool

SWEEP_PAUSE = 0.05
SWEEP_ATTEMPTS = 100  # with the pause, 5 s: a sweep of one batch takes far less


class Uploads:
    """Takes content that came whole, and lets a name stand for it."""

    def __init__(
        self,
        catalogue: Catalogue,
        database: Database,
        blobs: BlobStore,
        pool: WorkerPool,
        limits: ImageLimits,
        *,
        orphan_hours: float,
    ) -> None:
        """`orphan_hours`: the age from which the sweeper takes bytes that nothing names for strays."""
        self._catalogue = catalogue
        self._database = database
        self._blobs = blobs
        self._pool = pool
        self._limits = limits
        # Half of it: the store's clock and ours may differ.
        self._surely_young = timedelta(hours=orphan_hours) / 2

    async def store(
        self,
        given_name: str,
        finish: Callable[[], Staged],
        by: str,
        precondition: Precondition = ANY,
    ) -> tuple[Stored, ImageRow]:
        """Let the name stand for what `finish`, which may block, says has come.

        Durable when it returns. Raises InvalidName, UnsupportedFormat, ImageTooLarge, BrokenImage,
        PreconditionFailed; OSError where the disk is full.
        """
        name = clean_name(given_name)
        staged: Staged | None = None

        def prepare() -> Naming:
            nonlocal staged
            staged = staged or finish()
            return self._keep(staged, name, precondition, by)

        for _ in range(SWEEP_ATTEMPTS):
            try:
                return await self._catalogue.record(prepare, self._pool)
            except BlobVanished:
                await asyncio.sleep(SWEEP_PAUSE)
        raise Unavailable("these bytes are being swept; try again", headers={"Retry-After": "1"})

    def _keep(self, staged: Staged, name: str, precondition: Precondition, by: str) -> Naming:
        """Have the bytes stored; raises BlobVanished where the sweeper is at them."""
        info = probe(staged.source(), self._limits)
        facts = Facts(
            staged.sha256, staged.size, info.media_type, info.width, info.height, _in_utc(info.taken_at)
        )
        key = blob_key(staged.sha256)
        state = "absent"
        begun = now()
        was_there = not self._blobs.put_new(key, staged.source())
        if was_there:
            state = self._database.read_now(lambda connection: blob_state(connection, staged.sha256))
            if state == "doomed":
                raise BlobVanished
            if state == "absent":
                self._blobs.put(key, staged.source())

        def still_stored() -> bool:
            """Looks only where a sweep may have come between: at an old stray, or after a long time."""
            young = timedelta(0) <= now() - begun < self._surely_young
            return (young and not was_there) or self._blobs.stat(key) is not None

        return Naming(name, facts, precondition, by, state == "absent", still_stored)


def _in_utc(taken: datetime | None) -> datetime | None:
    """As the catalogue gives it back; None for a moment that lies outside the calendar in UTC."""
    try:
        return None if taken is None else taken.astimezone(UTC)
    except OverflowError:
        return None
