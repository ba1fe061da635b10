"""One WebSocket client as the hub sees it: what it follows, and what still waits to be sent."""

import asyncio
import json
from collections import deque
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from starlette.types import Send

from gateway.topics import Segments

SLOW = 4008
REVOKED = 4401
TOO_BIG = 1009
CLOSE_SECONDS = 5.0  # for a close frame to leave; a client that reads nothing is cut then


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """What may wait for one client."""

    events: int
    size: int


class Client:
    """Sends in the order given. An idle client has no task and no queue of its own."""

    __slots__ = (
        "_bytes",
        "_limits",
        "_send",
        "_task",
        "_waiting",
        "_writer",
        "closing",
        "credential",
        "replays",
        "subscriptions",
    )

    def __init__(self, send: Send, credential: bytes, limits: QueueLimits) -> None:
        self._send = send
        self._limits = limits
        self._waiting: deque[str] | None = None
        self._bytes = 0
        self._writer: asyncio.Task[None] | None = None
        self._task = asyncio.current_task()
        self.credential = credential
        self.closing = False
        self.subscriptions: dict[str, Segments] = {}
        self.replays: set[asyncio.Task[None]] | None = None

    def deliver(self, text: str) -> None:
        """Queue a message; a client that lets too many wait is closed."""
        if self.closing:
            return
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append(text)
        self._bytes += len(text)
        if len(self._waiting) > self._limits.events or self._bytes > self._limits.size:
            self.close(SLOW, "too slow: come back with your cursor")
        elif self._writer is None:
            self._writer = asyncio.create_task(self._write())

    def tell(self, message: dict[str, Any]) -> None:
        """Queue something that is not an event."""
        self.deliver(json.dumps(message, separators=(",", ":")))

    async def replay(self, text: str) -> None:
        """Send an event of the past, at the client's own pace."""
        await self._send({"type": "websocket.send", "text": text})

    def start_replay(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a replay beside what is live; it ends with the client."""
        task = asyncio.create_task(self._until_gone(work))
        if self.replays is None:
            self.replays = set()
        self.replays.add(task)
        task.add_done_callback(self.replays.discard)

    def close(self, code: int, reason: str) -> None:
        """Send a close frame instead of what waits, and end the connection even if it is not taken."""
        if not self.closing:
            self.stop()
            self._writer = asyncio.create_task(self._close(code, reason))

    def stop(self) -> None:
        """Send nothing more."""
        self.closing = True
        self._waiting = None
        for task in (self._writer, *(self.replays or ())):
            if task is not None:
                task.cancel()

    @staticmethod
    async def _until_gone(work: Coroutine[Any, Any, None]) -> None:
        with suppress(OSError):
            await work

    async def _write(self) -> None:
        try:
            with suppress(OSError):  # it has gone; the connection's own task hears of it too
                while self._waiting:
                    text = self._waiting.popleft()
                    self._bytes -= len(text)
                    await self._send({"type": "websocket.send", "text": text})
        finally:
            if not self.closing:
                self._writer = None
                self._waiting = None

    async def _close(self, code: int, reason: str) -> None:
        try:
            with suppress(OSError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._send({"type": "websocket.close", "code": code, "reason": reason})
        except TimeoutError:
            if self._task is not None:
                self._task.cancel()
