"""A batch as a job of the processing service: submitted once, its results fetched as they become ready."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx2

from gateway.legacy.batch import OPERATIONS, Batch
from gateway.legacy.processing import IMAGE_SENT
from gateway.legacy.services import FAILURES, reason
from shared.clients.base import ProblemAnswer
from shared.clients.processing import ProcessingClient
from shared.contracts.processing import Steps

T = TypeVar("T")
QUALITY = 95  # OpenCV's, which the original wrote with
WAIT_SECONDS = 20.0  # for a result in one call; below the client's 30 s
RETRY_SECONDS = 0.25
NOT_READY = "item_not_ready"


class NoResult(Exception):
    """Raised for an image without a result; the text is for the client."""


class BatchJob:
    """One batch. A service that is away is asked again for `patience` seconds; a job outlives it."""

    def __init__(self, client: ProcessingClient, batch: Batch, patience: float) -> None:
        self._client = client
        self._batch = batch
        self._patience = patience
        self._key = secrets.token_hex(16)
        self._places: dict[int, int] = {}  # place in the batch -> index in the job
        self._submission: asyncio.Task[int] | None = None
        self.done = False

    def submit(self) -> None:
        """Begin to submit what can be processed."""
        self._places = {place: index for index, (place, _image) in enumerate(self._batch.good())}
        if self._places:
            self._submission = asyncio.create_task(self._patiently(self._submit))
            self._submission.add_done_callback(_seen)

    async def result(self, place: int) -> bytes:
        """The JPEG of the image at that place in the batch, when it is ready. Raises NoResult."""
        problem = self._batch.images[place].problem
        if problem or self._submission is None:
            raise NoResult(problem)
        try:
            job = await asyncio.shield(self._submission)
            index = self._places[place]
            while (found := await self._patiently(lambda: self._fetch(job, index))) is None:
                pass
        except FAILURES as error:
            raise NoResult(reason(error)) from None
        if IMAGE_SENT in found:
            raise NoResult("the result holds the marker that would end it")
        return found

    async def cancel(self) -> None:
        """End a job whose client has gone, also one that is just being submitted."""
        if self._submission is None or self.done:
            return
        try:
            job = await self._submission
            await self._patiently(lambda: self._client.cancel(job))
        except FAILURES:
            return  # there is no job, or it has ended

    async def _submit(self) -> int:
        images = []
        overrides: dict[int, Steps] = {}
        for index, (_place, image) in enumerate(self._batch.good()):
            images.append((f"image-{index + 1}", self._batch.content(image)))
            overrides[index] = [OPERATIONS[image.digit]]
        job = await self._client.submit(
            images, overrides[0], overrides=overrides, format="jpeg", quality=QUALITY, key=self._key
        )
        return job.id

    async def _fetch(self, job: int, index: int) -> bytes | None:
        """The result; None while it is not ready."""
        try:
            return await self._client.result(job, index, wait=WAIT_SECONDS)
        except ProblemAnswer as error:
            if error.problem.code == NOT_READY:
                return None
            raise

    async def _patiently(self, call: Callable[[], Awaitable[T]]) -> T:
        """Call again while nobody answers; an answer, good or bad, ends it."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._patience
        while True:
            try:
                return await call()
            except (httpx2.TransportError, ProblemAnswer) as error:
                away = not isinstance(error, ProblemAnswer) or error.problem.status in {502, 503, 504}
                if not away or loop.time() > end:
                    raise
            await asyncio.sleep(RETRY_SECONDS)


def _seen(task: asyncio.Task[int]) -> None:
    """Whoever waits has the error; a client that went away leaves nobody."""
    if not task.cancelled():
        task.exception()
