"""The tagging protocol's other half: requests as calls of the tagging service, replies in their order."""

import asyncio

from gateway.legacy import tagging
from gateway.legacy.codec import ProtocolError
from gateway.legacy.dataset import REFUSALS, DatasetFinder, NoDataset, Refused, Served
from gateway.legacy.figures import Figures
from gateway.legacy.peer import Peer
from gateway.legacy.pictures import PictureQueue
from gateway.legacy.replies import Replies, Reply
from gateway.legacy.services import Services, reason
from gateway.legacy.settings import Limits
from gateway.legacy.tagging import (
    ChangeRequest,
    ClipEntry,
    ClipsRequest,
    ImageRequest,
    PartialCsvRequest,
    Request,
    RequestDecoder,
    SaveRequest,
    TagsRequest,
)
from shared.clients.base import ProblemAnswer
from shared.clients.tagging import TaggingClient
from shared.logging import get_logger

PROTOCOL = "tagging"
NOT_FOUND = 404
log = get_logger("legacy")


class TaggingAdapter:
    """Serves one dataset to any number of clients."""

    def __init__(self, services: Services, limits: Limits, figures: Figures, dataset: str) -> None:
        self._services = services
        self._limits = limits
        self._figures = figures
        self._finder = DatasetFinder(dataset)

    def decoder(self) -> RequestDecoder:
        """For a new client."""
        return RequestDecoder(self._limits.frame)

    async def serve(self, peer: Peer) -> None:
        """Take requests, up to a limit ahead of their replies, until the client is done.

        Raises ProtocolError once the error reply is out.
        """
        session = TaggingSession(self._services.tagging(peer.address), self._finder, peer.gone)
        replies = Replies(peer, self._limits.pipeline, PROTOCOL, self._figures)
        async with replies:
            try:
                while (request := await peer.message()) is not None:
                    await replies.put(type(request).__name__, session.begin(request))
            except ProtocolError as error:
                await replies.put("damaged", _ready(tagging.encode_failed(tagging.CHANGE, str(error))))
                raise
            finally:
                if peer.gone.is_set():
                    session.close()


async def _ready(reply: bytes) -> tuple[bytes, bool]:
    return reply, False


class TaggingSession:
    """One client's requests. They run side by side, but for those that must see what came before."""

    def __init__(self, client: TaggingClient, finder: DatasetFinder, gone: asyncio.Event) -> None:
        """`gone` is set when the client is."""
        self._client = client
        self._finder = finder
        self._served: asyncio.Task[Served] | None = None
        self._pictures = PictureQueue(client, self._dataset, self._explain, gone)
        self._changes: dict[asyncio.Future[None], ChangeRequest] = {}

    def close(self) -> None:
        """End the calls for images, which nobody waits for any more."""
        self._pictures.close()

    def begin(self, request: Request) -> Reply:
        """The reply to be, and whether the request was done. Here, in order, is settled what it waits for."""
        match request:
            case ImageRequest():
                return self._pictures.ask(request.index)
            case ChangeRequest():
                before = [done for done, other in self._changes.items() if overlap(request, other)]
                done = asyncio.get_running_loop().create_future()
                self._changes[done] = request
                return self._change(request, before, done)
            case SaveRequest():
                return self._save(list(self._changes))
            case PartialCsvRequest():
                return self._partial_csv(list(self._changes))
            case ClipsRequest():
                return self._clips()
            case TagsRequest():
                self._forget()  # a client that begins anew gets the dataset of now
                return self._tags()

    async def _tags(self) -> tuple[bytes, bool]:
        try:
            return tagging.encode_tags((await self._dataset()).names), True
        except REFUSALS as error:
            return tagging.encode_failed(tagging.TAGS, self._explain(error)), False

    async def _change(
        self, request: ChangeRequest, before: list[asyncio.Future[None]], done: asyncio.Future[None]
    ) -> tuple[bytes, bool]:
        try:
            if before:
                await asyncio.wait(before)
            served = await self._dataset()
            check_change(request, served)
            flags = served.flags(request.flags)
            if request.first == request.last:
                await self._client.tag(served.id, request.first, flags)
            else:
                await self._client.tag_range(served.id, request.first, request.last, flags)
        except REFUSALS as error:
            return tagging.encode_failed(tagging.CHANGE, self._explain(error)), False
        finally:
            self._changes.pop(done)
            done.set_result(None)
        return tagging.encode_done(tagging.CHANGE), True

    async def _save(self, before: list[asyncio.Future[None]]) -> tuple[bytes, bool]:
        try:
            if before:
                await asyncio.wait(before)
            served = await self._dataset()
            await self._client.save(served.id)
        except REFUSALS as error:
            return tagging.encode_failed(tagging.SAVE, self._explain(error)), False
        return tagging.encode_done(tagging.SAVE), True

    async def _clips(self) -> tuple[bytes, bool]:
        try:
            served = await self._dataset()
            clips = [
                ClipEntry(clip.begin, clip.end, clip.cameras) async for clip in self._client.clips(served.id)
            ]
        except REFUSALS as error:
            self._explain(error)
            return tagging.encode_bare_error(tagging.CLIPS), False
        return tagging.encode_clips(clips), True

    async def _partial_csv(self, before: list[asyncio.Future[None]]) -> tuple[bytes, bool]:
        try:
            if before:
                await asyncio.wait(before)
            served = await self._dataset()
            text = await self._client.export(served.id, columns="tags")
        except REFUSALS as error:
            self._explain(error)
            return tagging.encode_bare_error(tagging.PARTIAL_CSV), False
        return tagging.encode_csv(text), True

    async def _dataset(self) -> Served:
        """The dataset, looked up once for all who wait for it."""
        if self._served is None:
            self._served = asyncio.create_task(self._finder.find(self._client))
        task = self._served
        try:
            return await asyncio.shield(task)
        except REFUSALS:
            if self._served is task:
                self._served = None
            raise

    def _forget(self) -> None:
        if self._served is not None and self._served.done():
            self._served = None

    def _explain(self, error: Exception) -> str:
        """The message for the client; a dataset that is gone is looked for anew by the next request."""
        if isinstance(error, ProblemAnswer) and error.problem.status == NOT_FOUND:
            self._forget()
        why = str(error) if isinstance(error, NoDataset | Refused) else reason(error)
        log.info("request failed", protocol=PROTOCOL, why=why)
        return why


def check_change(request: ChangeRequest, served: Served) -> None:
    """Raises Refused for rows that are not there and for another number of tags than there are."""
    if request.first > request.last:
        raise Refused(f"rows {request.first} to {request.last}: the first is behind the last")
    served.check_row(request.last)
    if request.count != len(served.codes):
        raise Refused(f"a change sets all {len(served.codes)} tags; {request.count} came")


def overlap(one: ChangeRequest, other: ChangeRequest) -> bool:
    """Whether both change some row."""
    return one.first <= other.last and other.first <= one.last
