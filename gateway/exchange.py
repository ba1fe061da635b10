"""The client's side of one proxied request: its body as it comes, and whether the client is still there."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from starlette.types import Receive

PATIENCE_SECONDS = 0.05  # most answers come sooner, and need nobody to watch over the client


class ClientGone(Exception):
    """Raised into the upload when the client has closed the connection: a cut body is not a whole one."""


class Exchange:
    """Reads from one client on behalf of one task, which is cancelled when it waits in vain."""

    __slots__ = (
        "_handle",
        "_loop",
        "_receive",
        "_stall_seconds",
        "_task",
        "_watch",
        "asked",
        "gone",
        "stalled",
    )

    def __init__(self, receive: Receive, stall_seconds: float) -> None:
        self._receive = receive
        self._stall_seconds = stall_seconds
        self._loop = asyncio.get_running_loop()
        task: asyncio.Task[Any] | None = asyncio.current_task()
        assert task is not None
        self._task = task
        self._handle: asyncio.TimerHandle | None = None
        self._watch: asyncio.Task[None] | None = None
        self.asked = False  # for the body: a client that expects a 100 has had it
        self.gone = False
        self.stalled = False

    async def body(self) -> AsyncIterator[bytes]:
        """The request's body in the pieces it comes in; the next is asked for when one has been taken.

        Raises ClientGone when the client leaves before the end. Cancels the task when the service
        takes nothing for `stall_seconds`.
        """
        more = self.asked = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self.gone = True
                raise ClientGone
            more = message.get("more_body", False)
            piece = message.get("body", b"")
            if piece:
                self._handle = self._loop.call_later(self._stall_seconds, self._give_up)
                try:
                    yield piece
                finally:
                    self._handle.cancel()
        self.watch()

    def watch(self) -> None:
        """From now on nothing but the end of the connection is to come: cancel the task when it does."""
        self._handle = self._loop.call_later(PATIENCE_SECONDS, self._start_watching)

    def close(self) -> None:
        """The answer is out: nothing is watched any more."""
        if self._handle is not None:
            self._handle.cancel()
        if self._watch is not None:
            self._watch.cancel()

    def _start_watching(self) -> None:
        self._watch = self._loop.create_task(self._wait_for_end())

    async def _wait_for_end(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if not self._task.done():
            self.gone = True
            self._task.cancel()

    def _give_up(self) -> None:
        self.stalled = True
        self._task.cancel()
