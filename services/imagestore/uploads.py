"""Uploads: bytes first, then the row that names them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from services.imagestore.names import clean_name
from services.imagestore.repository import Facts, ImageRow, blob_state
from services.imagestore.service import ANY, BlobVanished, Catalogue, Naming, Precondition, Stored
from shared.blobs import BlobStore
from shared.database import Database
from shared.errors import Unavailable
from shared.imaging import ImageLimits, probe
from shared.web.bodies import Staged
from shared.workers import WorkerPool

SWEEP_PAUSE = 0.05
SWEEP_ATTEMPTS = 100  # with the pause, 5 s: a sweep of one batch takes far less


def blob_key(digest: str) -> str:
    """Where the bytes with that SHA-256 stand in the blob store."""
    return f"blobs/{digest[:2]}/{digest}"


class Uploads:
    """Takes content that came whole, and lets a name stand for it."""

    def __init__(
        self,
        catalogue: Catalogue,
        database: Database,
        blobs: BlobStore,
        pool: WorkerPool,
        limits: ImageLimits,
    ) -> None:
        self._catalogue = catalogue
        self._database = database
        self._blobs = blobs
        self._pool = pool
        self._limits = limits

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
        was_stray = False

        def prepare() -> Naming:
            nonlocal staged, was_stray
            staged = staged or finish()
            kept = self._keep(staged)
            was_stray = kept.was_stray
            return Naming(name, kept.facts, precondition, by, kept.is_new)

        for _ in range(SWEEP_ATTEMPTS):
            try:
                done = await self._catalogue.record(prepare, self._pool)
            except BlobVanished:
                await asyncio.sleep(SWEEP_PAUSE)
                continue
            if was_stray and staged is not None:
                await self._pool.run(self._make_sure, staged)
            return done
        raise Unavailable("these bytes are being swept; try again", headers={"Retry-After": "1"})

    def _make_sure(self, staged: Staged) -> None:
        """The bytes are there: a sweep that had listed the old stray may have taken the new bytes too.

        Now that a row names them no sweep takes them any more.
        """
        if self._blobs.stat(blob_key(staged.sha256)) is None:
            self._blobs.put(blob_key(staged.sha256), staged.source())

    def _keep(self, staged: Staged) -> "_Kept":
        """Have the bytes stored; raises BlobVanished where the sweeper is at them."""
        info = probe(staged.source(), self._limits)
        facts = Facts(
            staged.sha256, staged.size, info.media_type, info.width, info.height, _in_utc(info.taken_at)
        )
        key = blob_key(staged.sha256)
        state = "absent"
        was_there = self._blobs.stat(key) is not None
        if was_there:
            state = self._database.read_now(lambda connection: blob_state(connection, staged.sha256))
        if state == "doomed":
            raise BlobVanished
        if state == "absent":
            self._blobs.put(key, staged.source())
        return _Kept(facts, is_new=state == "absent", was_stray=was_there and state == "absent")


@dataclass(frozen=True, slots=True)
class _Kept:
    """Content whose bytes are stored: by this call, and over bytes that had no row, or found."""

    facts: Facts
    is_new: bool
    was_stray: bool


def _in_utc(taken: datetime | None) -> datetime | None:
    """As the catalogue gives it back; None for a moment that lies outside the calendar in UTC."""
    try:
        return None if taken is None else taken.astimezone(UTC)
    except OverflowError:
        return None
