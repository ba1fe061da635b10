"""Images for one client: what is asked for while calls are under way goes together in the next call."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from gateway.legacy import tagging
from gateway.legacy.dataset import REFUSALS, Refused, Served
from shared.clients.base import ProblemAnswer
from shared.clients.tagging import TaggingClient
from shared.contracts.tagging import Picture

CALLS = 2  # under way at a time: the service makes one answer while the other is handed on
MOST = 32  # images of one call
Reply = tuple[bytes, bool]
Asked = tuple[int, "asyncio.Future[Reply]"]


class PictureQueue:
    """Replies to image requests, as futures. One image alone is called for at once."""

    def __init__(
        self,
        client: TaggingClient,
        dataset: Callable[[], Awaitable[Served]],
        explain: Callable[[Exception], str],
        gone: asyncio.Event,
    ) -> None:
        """`explain` says for the client why a request failed; once it is `gone`, nothing is called for."""
        self._client = client
        self._dataset = dataset
        self._explain = explain
        self._gone = gone
        self._waiting: deque[Asked] = deque()
        self._workers: set[asyncio.Task[None]] = set()
        self._beginning = False

    def ask(self, index: int) -> "asyncio.Future[Reply]":
        """The reply with that row's image, when it is there."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Reply] = loop.create_future()
        self._waiting.append((index, future))
        if not self._beginning and len(self._workers) < CALLS:
            self._beginning = True
            worker = loop.create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)
        return future

    def close(self) -> None:
        """Nobody wants them any more."""
        for _index, future in self._waiting:
            future.cancel()
        self._waiting.clear()
        for worker in self._workers:
            worker.cancel()

    async def _work(self) -> None:
        self._beginning = False
        while self._waiting:
            asked = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
            try:
                await self._answer(asked)
            except REFUSALS as error:
                why = self._explain(error)
                for index, future in asked:
                    _settle(future, (tagging.encode_image_error(index, why), False))
            except BaseException as error:
                for _index, future in asked:
                    _fail(future, error)
                raise

    async def _answer(self, asked: Sequence[Asked]) -> None:
        """Reply to all of them; those that are not in the service's answer wait for the next call."""
        if self._gone.is_set():
            for _index, future in asked:
                _settle(future, (b"", True))
            return
        served = await self._dataset()
        there = [each for each in asked if self._is_there(served, *each)]
        if len(there) == 1:
            await self._alone(served, *there[0])
        elif there:
            found = await self._client.images(served.id, [index for index, _future in there])
            self._waiting.extendleft(reversed(there[len(found) :]))
            for (index, future), (head, data) in zip(there, found, strict=False):
                if head.apart:
                    await self._alone(served, index, future)
                else:
                    _settle(future, self._reply(head, data))

    async def _alone(self, served: Served, index: int, future: "asyncio.Future[Reply]") -> None:
        try:
            data = await self._client.image(served.id, index)
        except REFUSALS as error:
            _settle(future, (tagging.encode_image_error(index, self._explain(error)), False))
        else:
            _settle(future, (tagging.encode_image(index, data), True))

    def _is_there(self, served: Served, index: int, future: "asyncio.Future[Reply]") -> bool:
        """Whether there is such a row; where not, that is the reply."""
        try:
            served.check_row(index)
        except Refused as error:
            _settle(future, (tagging.encode_image_error(index, self._explain(error)), False))
            return False
        return True

    def _reply(self, head: Picture, data: memoryview) -> Reply:
        if head.problem is None:
            return tagging.encode_image(head.row, data), True
        return tagging.encode_image_error(head.row, self._explain(ProblemAnswer(head.problem))), False


def _settle(future: "asyncio.Future[Reply]", reply: Reply) -> None:
    if not future.done():
        future.set_result(reply)


def _fail(future: "asyncio.Future[Reply]", error: BaseException) -> None:
    if not future.done():
        if isinstance(error, asyncio.CancelledError):
            future.cancel()
        else:
            future.set_exception(error)
