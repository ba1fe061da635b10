"""9,500 idle WebSockets: the gateway's memory for each, and the time until one event has reached all.

The clients are bare protocols in this process, so that they cost the machine little beside the gateway.
"""

import asyncio
import base64
import json
import os
import secrets
import time
import urllib.request
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol, cast
from urllib.parse import urlsplit

import uvloop

from bench.photos import photo
from bench.rows import Row

SOCKETS = 9_500
AT_ONCE = 50  # handshakes under way
SETTLE_SECONDS = 2.0
MOST_KIB = 32.0
MOST_SECONDS = 1.0
PATIENCE_SECONDS = 60.0
TOPIC = "imagestore.image.*"


class Stack(Protocol):
    """The running Darkroom, as far as it is needed here."""

    @property
    def gateway_url(self) -> str:
        """The gateway: `http://127.0.0.1:8000`."""

    @property
    def key(self) -> str:
        """A key with all scopes."""


class Socket(asyncio.Protocol):
    """A WebSocket client that says one thing, and counts what it hears."""

    def __init__(self, hello: bytes) -> None:
        self._hello = hello
        self._buffer = b""
        self._open = False
        self.subscribed = asyncio.get_running_loop().create_future()
        self.event = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Shake hands."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(self._hello)

    def data_received(self, data: bytes) -> None:
        """Take what has come apart into frames; pings are answered."""
        self._buffer += data
        if not self._open:
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            if b" 101 " not in head.split(b"\r\n")[0]:
                self.subscribed.set_exception(ConnectionError(head.decode()))
                return
            self._open, self._buffer = True, rest
            self.transport.write(masked(1, json.dumps({"subscribe": [TOPIC]}).encode()))
        while frame := self._next_frame():
            self._take(*frame)

    def connection_lost(self, _error: Exception | None) -> None:
        """Whoever still waits is told."""
        for future in (self.subscribed, self.event):
            if not future.done():
                future.set_exception(ConnectionError("the gateway closed the connection"))
                future.exception()

    def _next_frame(self) -> tuple[int, bytes] | None:
        if len(self._buffer) < 4:
            return None
        size, start = self._buffer[1], 2
        if size == 126:
            size, start = int.from_bytes(self._buffer[2:4], "big"), 4
        if len(self._buffer) < start + size:
            return None
        payload = self._buffer[start : start + size]
        kind = self._buffer[0] & 15
        self._buffer = self._buffer[start + size :]
        return kind, payload

    def _take(self, kind: int, payload: bytes) -> None:
        if kind == 9:
            self.transport.write(masked(10, payload))
        elif kind == 1 and b'"subscribed"' in payload and not self.subscribed.done():
            self.subscribed.set_result(None)
        elif kind == 1 and b'"specversion"' in payload and not self.event.done():
            self.event.set_result(time.perf_counter())


def masked(kind: int, payload: bytes) -> bytes:
    """A client's frame of at most 125 bytes, with the mask 0."""
    return bytes([0x80 | kind, 0x80 | len(payload), 0, 0, 0, 0]) + payload


def handshake(address: str, key: str) -> bytes:
    """The head that opens a WebSocket."""
    nonce = base64.b64encode(os.urandom(16)).decode()
    lines = [
        "GET /ws HTTP/1.1",
        f"Host: {address}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {nonce}",
        "Sec-WebSocket-Version: 13",
        f"Authorization: Bearer {key}",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def memory_of(port: int) -> int:
    """Bytes resident in the process that listens on the port."""
    sockets = {f"socket:[{line.split()[9]}]" for line in _listening(port)}
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if str(descriptor.readlink()) in sockets:
                pages = int((descriptor.parent.parent / "statm").read_text().split()[1])
                return pages * os.sysconf("SC_PAGE_SIZE")
    raise LookupError(f"nobody listens on port {port}")


def _listening(port: int) -> list[str]:
    """Lines of /proc/net/tcp for sockets that listen on the port."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return [line for line in lines if line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"]


async def measure(url: str, key: str, cause: Callable[[], Awaitable[None]]) -> tuple[float, float]:
    """KiB of the gateway for each socket, and seconds from an event's cause until all have it."""
    address = urlsplit(url)
    host, port = address.hostname or "", address.port or 80
    before = memory_of(port)
    loop = asyncio.get_running_loop()
    gate = asyncio.Semaphore(AT_ONCE)

    async def connect() -> Socket:
        async with gate:
            _, made = await loop.create_connection(lambda: Socket(handshake(address.netloc, key)), host, port)
            await made.subscribed
            return made

    async with asyncio.timeout(PATIENCE_SECONDS):
        sockets = await asyncio.gather(*(connect() for _ in range(SOCKETS)))
        await asyncio.sleep(SETTLE_SECONDS)
        started = time.perf_counter()
        await cause()
        heard = await asyncio.gather(*(one.event for one in sockets))
    each = (memory_of(port) - before) / SOCKETS / 1024  # after the event: with what that left
    for one in sockets:
        one.transport.abort()
    return each, max(heard) - started


def run(stack: Stack) -> list[Row]:
    """The table's rows."""
    image = photo(320, 240)
    target = f"{stack.gateway_url}/api/imagestore/v1/images/bench-{secrets.token_hex(4)}.jpg"
    headers = {"Authorization": f"Bearer {stack.key}", "Content-Type": "image/jpeg"}

    def put() -> None:
        request = urllib.request.Request(target, data=image, headers=headers, method="PUT")
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS):
            pass

    async def cause() -> None:
        await asyncio.to_thread(put)

    each, seconds = uvloop.run(measure(stack.gateway_url, stack.key, cause))
    work = f"{SOCKETS:,} idle WebSockets"
    return [
        Row(f"{work}, memory of each", each, MOST_KIB, "KiB", 1.0, each <= MOST_KIB, "the most allowed"),
        Row(
            f"{work}, an upload's event to all",
            seconds,
            MOST_SECONDS,
            "s",
            1.0,
            seconds <= MOST_SECONDS,
            "the most allowed; the upload itself is in it",
        ),
    ]
