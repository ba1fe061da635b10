"""Storing: puts a job's results into the image store, each once, however often it is tried."""

import asyncio
from typing import Any

import httpx2

from services.processing import repository
from services.processing.item_row import Item
from services.processing.job_spec import spec_of
from services.processing.result_names import result_name
from shared.blobs import BlobStore
from shared.clients.base import ProblemAnswer
from shared.clients.imagestore import ImageStoreClient
from shared.database import Database
from shared.errors import DarkroomError
from shared.jobs import RunningJob
from shared.workers import WorkerPool

AT_ONCE = 4
ATTEMPTS = 3
PAUSE_SECONDS = 1.0
BUSY = frozenset({429, 500, 502, 503, 504})


class Storing:
    """A result keeps its name where that is free, or holds the same bytes; else the job's number is added."""

    def __init__(
        self, database: Database, store: ImageStoreClient, blobs: BlobStore, pool: WorkerPool
    ) -> None:
        self._database = database
        self._store = store
        self._blobs = blobs
        self._pool = pool

    async def store(self, running: RunningJob) -> dict[str, int]:
        """All finished results that are not stored yet; how many are, and how many were refused.

        Raises JobCancelled, LeaseLost.
        """
        after, refused = -1, 0
        while True:
            running.check()
            found = await self._database.read(
                lambda c, after=after: repository.unstored(c, running.id, after, AT_ONCE)  # type: ignore[misc]
            )
            if not found:
                break
            after = found[-1].index
            refused += sum(await asyncio.gather(*(self._store_one(running, item) for item in found)))
        stored = await self._database.read(lambda c: repository.stored_count(c, running.id))
        return {"stored": stored, "not_stored": refused}

    async def _store_one(self, running: RunningJob, item: Item) -> bool:
        """Whether the image store would not have it."""
        name, error = await self._put(running, item)
        await running.write(lambda c: repository.mark_stored(c, running.id, item.index, name, error))
        return name is None

    async def _put(self, running: RunningJob, item: Item) -> tuple[str | None, dict[str, Any] | None]:
        assert item.result is not None
        pipeline = item.pipeline or spec_of(running.job).pipeline
        names = [
            result_name(item.stem, pipeline, item.result.media_type, mark)
            for mark in ("", f"-job{running.id}")
        ]
        error: dict[str, Any] = {}
        for attempt in range(ATTEMPTS):
            try:
                content = await self._pool.run(self._blobs.read, item.result.key)
                return await self._put_under_one_of(names, content, item.result.digest), None
            except ProblemAnswer as answer:
                error = {"code": answer.problem.code, "detail": answer.problem.detail or answer.problem.title}
                if answer.problem.status not in BUSY:
                    break
            except httpx2.TransportError:
                error = {"code": "imagestore_unavailable", "detail": "the image store does not answer"}
            except DarkroomError as refusal:
                error = {"code": refusal.code, "detail": refusal.detail}
            if attempt < ATTEMPTS - 1:
                await asyncio.sleep(PAUSE_SECONDS * (attempt + 1))
        return None, error

    async def _put_under_one_of(self, names: list[str], content: bytes, digest: str) -> str:
        """The first name that is free, or has this very content. Raises ProblemAnswer."""
        for name in names[:-1]:
            try:
                return (await self._store.put(name, content, overwrite=False)).name
            except ProblemAnswer as answer:
                if answer.problem.status != 412:
                    raise
                there = await self._store.image(name)
                if there.digest == f"sha256:{digest}":
                    return there.name
        return (await self._store.put(names[-1], content)).name
