"""Replies of one connection: worked on side by side, sent in the order of their requests."""

import asyncio
from collections import deque
from collections.abc import Coroutine
from functools import partial
from itertools import islice
from types import TracebackType
from typing import Any, Self

from prometheus_client import Counter, Histogram

from gateway.legacy.figures import Figures
from gateway.legacy.peer import Peer

HELD_BYTES = 8 * 1024 * 1024  # replies that wait for a slow reader, before no more are begun
TOGETHER_BYTES = 256 * 1024  # of replies that are ready and go out in one write
Reply = Coroutine[Any, Any, tuple[bytes, bool]] | asyncio.Future[tuple[bytes, bool]]
Future = asyncio.Future[tuple[bytes, bool]]


class Replies:
    """At most `limit` requests are under way; a client that does not read is not worked for."""

    def __init__(self, peer: Peer, limit: int, protocol: str, figures: Figures) -> None:
        self._peer = peer
        self._limit = limit
        self._protocol = protocol
        self._figures = figures
        self._counted: dict[str, tuple[Counter, Histogram]] = {}
        self._waiting: deque[Future] = deque()
        self._changed = asyncio.Event()
        self._more = asyncio.Event()
        self._ended = self._crashed = False
        self._held = 0  # bytes of replies that are ready and not sent
        self._last = 0  # bytes of the last reply that was ready: what the next may have
        self._sender: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._sender = asyncio.create_task(self._send())
        self._sender.add_done_callback(self._stopped)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Send what is still to be sent; when the session was cancelled, end what is under way."""
        self._ended = True
        self._more.set()
        assert self._sender is not None
        try:
            await self._sender
        finally:
            self._sender.cancel()
            for future in self._waiting:
                future.cancel()

    async def put(self, message: str, reply: Reply) -> None:
        """Begin to work on a reply, as soon as there is room for it; a future is worked on already."""
        count, seconds = self._figures_of(message)
        count.inc()
        try:
            while self._full() and not self._crashed:
                self._changed.clear()
                await self._changed.wait()
        except BaseException:
            _drop(reply)
            raise
        loop = asyncio.get_running_loop()
        future = reply if isinstance(reply, asyncio.Future) else loop.create_task(reply)
        future.add_done_callback(partial(self._note, seconds, loop.time()))
        self._waiting.append(future)
        self._more.set()

    def _stopped(self, sender: asyncio.Task[None]) -> None:
        """A reply that crashed can never be sent, and none behind it: the connection ends."""
        if not sender.cancelled() and sender.exception() is not None:
            self._crashed = True
            self._changed.set()
            self._peer.drop()

    def _figures_of(self, message: str) -> tuple[Counter, Histogram]:
        found = self._counted.get(message)
        if found is None:
            names = (self._protocol, message)
            found = self._figures.messages.labels(*names), self._figures.seconds.labels(*names)
            self._counted[message] = found
        return found

    def _full(self) -> bool:
        under_way = len(self._waiting)
        if under_way >= self._limit:
            return True
        return under_way > 0 and self._held + under_way * self._last > HELD_BYTES

    def _note(self, seconds: Histogram, began: float, future: Future) -> None:
        """A reply is ready."""
        seconds.observe(asyncio.get_running_loop().time() - began)
        if future.cancelled() or future.exception() is not None:
            return
        data, good = future.result()
        if not good:
            self._figures.failures.labels(self._protocol).inc()
        self._held += len(data)
        self._last = len(data)

    async def _send(self) -> None:
        while True:
            while not self._waiting:
                if self._ended:
                    return
                self._more.clear()
                await self._more.wait()
            await self._waiting[0]
            ready = self._ready()
            await self._peer.send(*ready)
            for data in ready:
                self._waiting.popleft()
                self._held -= len(data)
            self._changed.set()

    def _ready(self) -> list[bytes]:
        """The first reply, and those behind it that are ready, too."""
        found = [self._waiting[0].result()[0]]
        size = len(found[0])
        for future in islice(self._waiting, 1, None):
            if not future.done() or future.cancelled() or future.exception() is not None:
                break
            data = future.result()[0]
            size += len(data)
            if size > TOGETHER_BYTES:
                break
            found.append(data)
        return found


def _drop(reply: Reply) -> None:
    if isinstance(reply, asyncio.Future):
        reply.cancel()
    else:
        reply.close()
