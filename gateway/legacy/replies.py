"""Replies of one connection: worked on side by side, sent in the order of their requests."""

import asyncio
from collections import deque
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

from gateway.legacy.figures import Figures
from gateway.legacy.peer import Peer

HELD_BYTES = 8 * 1024 * 1024  # replies that wait for a slow reader, before no more are begun
Reply = Coroutine[Any, Any, tuple[bytes, bool]]


class Replies:
    """At most `limit` requests are under way; a client that does not read is not worked for."""

    def __init__(self, peer: Peer, limit: int, protocol: str, figures: Figures) -> None:
        self._peer = peer
        self._limit = limit
        self._protocol = protocol
        self._figures = figures
        self._waiting: deque[asyncio.Task[tuple[bytes, bool]]] = deque()
        self._changed = asyncio.Event()
        self._more = asyncio.Event()
        self._ended = False
        self._held = 0  # bytes of replies that are ready and not sent
        self._last = 0  # bytes of the last reply that was ready: what the next may have
        self._sender: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._sender = asyncio.create_task(self._send())
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
            for task in self._waiting:
                task.cancel()

    async def put(self, message: str, reply: Reply) -> None:
        """Begin to work on a reply, as soon as there is room for it."""
        self._figures.messages.labels(self._protocol, message).inc()
        try:
            while self._full():
                self._changed.clear()
                await self._changed.wait()
        except BaseException:
            reply.close()
            raise
        task = asyncio.create_task(self._work(message, reply))
        self._waiting.append(task)
        self._more.set()

    def _full(self) -> bool:
        under_way = len(self._waiting)
        if under_way >= self._limit:
            return True
        return under_way > 0 and self._held + under_way * self._last > HELD_BYTES

    async def _work(self, message: str, reply: Reply) -> tuple[bytes, bool]:
        began = asyncio.get_running_loop().time()
        data, good = await reply
        seconds = asyncio.get_running_loop().time() - began
        self._figures.seconds.labels(self._protocol, message).observe(seconds)
        if not good:
            self._figures.failures.labels(self._protocol).inc()
        self._held += len(data)
        self._last = len(data)
        return data, good

    async def _send(self) -> None:
        while True:
            while not self._waiting:
                if self._ended:
                    return
                self._more.clear()
                await self._more.wait()
            data, _good = await self._waiting[0]
            await self._peer.send(data)
            self._waiting.popleft()
            self._held -= len(data)
            self._changed.set()
