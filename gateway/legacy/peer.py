"""One client's connection: its messages one after the other, and a way to write that waits for its reader."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any, cast

from gateway.legacy.codec import Decoder

READ_AHEAD = 256 * 1024  # bytes fed to the decoder before the session has taken what is in them
WRITE_AHEAD = 64 * 1024  # bytes that may wait for the client before `send` waits, too


class Peer(asyncio.Protocol):
    """Feeds a decoder. `end` says in the log how the connection ended."""

    def __init__(self, decoder: Decoder[Any], *, tls: bool, started: Callable[["Peer"], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._decoder = decoder
        self._started = started
        self._transport: asyncio.Transport | None = None
        self._more: asyncio.Future[None] | None = None  # the session waits for bytes
        self._fed = 0
        self._reading = True
        self._room = asyncio.Event()
        self._room.set()
        self._unread = (0, self._loop.time())  # bytes that the client has not taken, and since when
        self._heard = self.since = self._loop.time()
        self.finished = asyncio.Event()  # the client will send nothing more
        self.gone = asyncio.Event()
        self.stopping = False
        self.tls = tls
        self.address = ""
        self.end = "closed"
        self.received = 0
        self.sent = 0
        self.messages = 0

    # what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self._transport = cast("asyncio.Transport", transport)
        # one small reply, one segment: Nagle with delayed acknowledgements costs 44 ms a reply
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        name = transport.get_extra_info("peername")
        self.address = str(name[0]) if name else ""
        self._transport.set_write_buffer_limits(high=WRITE_AHEAD, low=WRITE_AHEAD // 4)
        self._started(self)

    def data_received(self, data: bytes) -> None:
        """Bytes came; too many at once are left in the socket until the session has caught up."""
        self._heard = self._loop.time()
        self.received += len(data)
        self._fed += len(data)
        self._decoder.feed(data)
        if self._fed > READ_AHEAD and self._reading and self._transport is not None:
            self._reading = False
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        """The client sends nothing more, and may still read."""
        self._finish()
        return not self.tls  # within TLS there is no half of a connection

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone; what has come is still done."""
        if error is not None and self.end == "closed":
            self.end = "reset"
        self.gone.set()
        self._room.set()
        self._finish()

    def pause_writing(self) -> None:
        """The client reads more slowly than it is written to."""
        self._room.clear()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._room.set()

    # what sessions call

    async def message(self) -> Any | None:
        """The next message; None when there will be no more, or none is wanted. Raises ProtocolError."""
        return await self._next(lambda: self.stopping and not self._decoder.inside)

    async def answer(self) -> Any | None:
        """The same for a message that something under way waits for: a server that ends still takes it."""
        return await self._next(lambda: False)

    async def _next(self, enough: Callable[[], bool]) -> Any | None:
        while (found := self._decoder.next_message()) is None:
            self._fed = 0
            if self.finished.is_set() or enough():
                return None
            self._resume()
            self._more = self._loop.create_future()
            try:
                await self._more
            finally:
                self._more = None
        self.messages += 1
        return found

    def write(self, *data: bytes) -> None:
        """Write to a client that may have gone."""
        if self._transport is not None and not self._transport.is_closing():
            if len(data) == 1:
                self._transport.write(data[0])
            else:
                self._transport.writelines(data)
            self.sent += sum(map(len, data))

    async def send(self, *data: bytes) -> None:
        """Write in one go, and wait until there is room for more."""
        self.write(*data)
        if not self._room.is_set():
            await self._room.wait()

    async def flush(self) -> None:
        """Wait until the system has taken everything that was written."""
        if self._transport is None or not self._transport.get_write_buffer_size():
            return
        self._transport.set_write_buffer_limits(high=0)
        self._room.clear()
        await self._room.wait()
        if not self.gone.is_set():
            self._transport.set_write_buffer_limits(high=WRITE_AHEAD, low=WRITE_AHEAD // 4)

    def name_end(self, end: str) -> None:
        """Say how the connection ended, unless that is known better already."""
        if self.end in {"closed", "reset"}:
            self.end = end

    # what the server calls

    def stop(self) -> None:
        """Take no new messages; one that has begun may still come."""
        self.stopping = True
        self._wake()

    def cut(self, end: str) -> None:
        """End the connection at once."""
        self.name_end(end)
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        """End the connection when all is written."""
        if self._transport is not None:
            self._transport.close()

    def drop(self) -> None:
        """End the connection at once; how it ended is known already."""
        if self._transport is not None:
            self._transport.abort()

    def late(self, now: float, silence: float, stall: float) -> str:
        """`silent` for a client that is inside a message and sends nothing, `stalled` for one that takes
        nothing; otherwise empty."""
        if self._more is not None and self._decoder.inside and now - self._heard > silence:
            return "silent"
        waiting = 0 if self._transport is None else self._transport.get_write_buffer_size()
        if waiting == 0 or waiting != self._unread[0]:
            self._unread = (waiting, now)
        return "stalled" if now - self._unread[1] > stall else ""

    def _finish(self) -> None:
        if not self.finished.is_set():
            self.finished.set()
            self._decoder.finish()
        self._wake()

    def _wake(self) -> None:
        if self._more is not None and not self._more.done():
            self._more.set_result(None)

    def _resume(self) -> None:
        if not self._reading and not self.gone.is_set() and self._transport is not None:
            self._reading = True
            self._transport.resume_reading()
