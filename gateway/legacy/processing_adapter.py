"""The processing protocol's other half: each batch a job, results in the order of the upload."""

import asyncio
from contextlib import suppress
from pathlib import Path

from gateway.legacy.batch import Batch
from gateway.legacy.batch_job import BatchJob, NoResult
from gateway.legacy.codec import ProtocolError
from gateway.legacy.error_picture import error_picture
from gateway.legacy.figures import Figures
from gateway.legacy.peer import Peer
from gateway.legacy.processing import (
    GOT_IT,
    BatchEnd,
    CloseConnection,
    GotFile,
    ImageData,
    ImageEnd,
    Operation,
    RequestDecoder,
    shape_result,
)
from gateway.legacy.services import Services
from gateway.legacy.settings import Limits
from shared.logging import get_logger

PROTOCOL = "processing"
log = get_logger("legacy")


class ProcessingAdapter:
    """Any number of batches a connection, one after the other."""

    def __init__(self, services: Services, limits: Limits, figures: Figures, folder: Path) -> None:
        self._services = services
        self._limits = limits
        self._figures = figures
        self._folder = folder
        self._cancelling: set[asyncio.Task[None]] = set()

    def decoder(self) -> RequestDecoder:
        """For a new client."""
        return RequestDecoder(self._limits.frame, self._limits.batch, self._limits.batch_images)

    async def serve(self, peer: Peer) -> None:
        """Take batches until the client is done. Raises ProtocolError."""
        batch = self._new_batch()
        try:
            while (message := await peer.message()) is not None:
                match message:
                    case ImageData() | Operation():
                        batch.take(message)
                    case ImageEnd():
                        batch.take(message)
                        await peer.send(GOT_IT)
                    case BatchEnd():
                        self._figures.messages.labels(PROTOCOL, "Batch").inc()
                        answered, batch = batch, self._new_batch()
                        if not await self._answer(peer, answered):
                            return
                    case CloseConnection():
                        return
        finally:
            batch.close()

    def _new_batch(self) -> Batch:
        return Batch(self._folder, self._limits.frame)

    async def _answer(self, peer: Peer, batch: Batch) -> bool:
        """Send all results; False when the client has gone, whose job is then cancelled.

        The batch is closed when nothing needs it any more.
        """
        began = asyncio.get_running_loop().time()
        job = BatchJob(self._services.processing(peer.address), batch, self._limits.patience)
        job.submit()
        sending = asyncio.create_task(self._send_all(peer, batch, job))
        leaving = asyncio.create_task(peer.finished.wait())
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
                job.done = True
            else:
                peer.name_end("left before its results")
        finally:
            for task in (sending, leaving):
                task.cancel()
                with suppress(asyncio.CancelledError, ProtocolError):
                    await task
            self._let_go(job, batch)
        seconds = asyncio.get_running_loop().time() - began
        self._figures.seconds.labels(PROTOCOL, "Batch").observe(seconds)
        return job.done

    def _let_go(self, job: BatchJob, batch: Batch) -> None:
        """Forget the batch; a job that nobody waits for any more is cancelled behind our back."""

        async def end() -> None:
            await job.cancel()
            batch.close()

        task = asyncio.create_task(end())
        self._cancelling.add(task)
        task.add_done_callback(self._cancelling.discard)

    async def _send_all(self, peer: Peer, batch: Batch, job: BatchJob) -> None:
        """Each result, and the client's word that it has it; the word for the last need not come."""
        count = len(batch.images)
        if not count:
            return
        following = asyncio.create_task(self._picture(job, 0))
        try:
            for place in range(count):
                picture = await following
                if place + 1 < count:
                    following = asyncio.create_task(self._picture(job, place + 1))
                await self._send(peer, picture)
                if place + 1 < count and not isinstance(await peer.answer(), GotFile):
                    raise ProtocolError("a result was not answered with `I got the file`")
        finally:
            following.cancel()

    async def _picture(self, job: BatchJob, place: int) -> bytes:
        """The result, or a picture of why there is none."""
        try:
            return await job.result(place)
        except NoResult as error:
            self._figures.failures.labels(PROTOCOL).inc()
            log.info("no result", protocol=PROTOCOL, place=place, why=str(error))
            return await asyncio.to_thread(error_picture, str(error))

    async def _send(self, peer: Peer, picture: bytes) -> None:
        first, last = shape_result(picture)
        await peer.send(first)
        await peer.flush()
        await asyncio.sleep(self._limits.pause)
        await peer.send(last)

    async def close(self) -> None:
        """Wait until the jobs of clients that went away are cancelled."""
        if self._cancelling:
            await asyncio.wait(self._cancelling)
