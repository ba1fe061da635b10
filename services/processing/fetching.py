"""Fetcher: brings images of the image store into our own, where the workers read them."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx2

from services.processing.item_row import Item, Stored
from shared.blobs import BlobStore
from shared.clients.base import ProblemAnswer, read_problem
from shared.clients.imagestore import ImageStoreClient, image_url
from shared.errors import DarkroomError, TooLarge
from shared.web.bodies import Staged, Staging
from shared.workers import WorkerPool

ATTEMPTS = 3
PAUSE_SECONDS = 1.0
BUSY = frozenset({429, 500, 502, 503, 504})


class Fetcher:
    """Reads from the image store, and writes to the blob store."""

    def __init__(self, store: ImageStoreClient, blobs: BlobStore, pool: WorkerPool, image_bytes: int) -> None:
        self._store = store
        self._blobs = blobs
        self._pool = pool
        self._limit = image_bytes

    async def fetch(self, item: Item, key: str) -> Item | dict[str, Any]:
        """The item with its original in our store, or why it cannot be had."""
        for attempt in range(ATTEMPTS):
            try:
                return replace(item, original=await self._copy(item.image_name or item.name, key))
            except ProblemAnswer as answer:
                problem = answer.problem
                if problem.status not in BUSY or attempt == ATTEMPTS - 1:
                    return {
                        "code": problem.code,
                        "detail": f"the image store: {problem.detail or problem.title}",
                    }
            except httpx2.TransportError:
                if attempt == ATTEMPTS - 1:
                    return {"code": "imagestore_unavailable", "detail": "the image store does not answer"}
            except DarkroomError as error:
                return {"code": error.code, "detail": error.detail}
            await asyncio.sleep(PAUSE_SECONDS * (attempt + 1))
        raise AssertionError("unreachable")

    async def _copy(self, name: str, key: str) -> Stored:
        with Staging(self._blobs.staging) as staging:
            async with self._store.http.stream("GET", f"{image_url(name)}/content") as answer:
                if answer.status_code >= 400:
                    await answer.aread()
                    raise ProblemAnswer(read_problem(answer))
                async for piece in answer.aiter_bytes():
                    await staging.add(piece)
                    if staging.size > self._limit:
                        raise TooLarge(f"an image may have at most {self._limit} bytes", limit=self._limit)
                media_type = answer.headers.get("content-type", "application/octet-stream")
            staged: Staged = await staging.finish()
            await self._pool.run(self._blobs.put, key, staged.source())
        return Stored(key, staged.size, staged.sha256, media_type)
