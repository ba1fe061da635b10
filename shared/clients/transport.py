"""A lean HTTP/1.1 transport for the typed clients: kept connections to services in plain HTTP.

httpx2's own costs several times as much for each call. It says what httpx2's says: answers, and its
exceptions. Bodies of answers are held whole.
"""

import asyncio
from typing import Any, cast

import httptools
import httpx2

CONNECTIONS = 128  # to one service at a time; more calls wait in line
IDLE_SECONDS = 15.0  # below the services' keep-alive (75 s): a kept connection is not just being closed there
REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT"})
READ_SECONDS = 30.0
Place = tuple[str, int]


class ConnectionLost(Exception):
    """Raised when the server closed before the answer was whole; `begun` tells whether some of it came."""

    def __init__(self, *, begun: bool) -> None:
        super().__init__("the connection was closed before the answer was whole")
        self.begun = begun


class _Connection(asyncio.Protocol):
    """One connection, with one request at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[httpx2.Response] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._body: list[bytes] = []
        self._headers: list[tuple[bytes, bytes]] = []
        self._begun = False
        self.heard = self._loop.time()
        self.usable = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is not asyncio's class

    def connection_lost(self, _error: Exception | None) -> None:
        """asyncio's."""
        self.usable = False
        self._writable.set()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionLost(begun=self._begun))

    def pause_writing(self) -> None:
        """asyncio's."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """asyncio's."""
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        """asyncio's."""
        self.heard = self._loop.time()
        if self._answer is None or self._answer.done():
            self.close()  # bytes that nobody asked for
            return
        self._begun = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._answer.set_exception(httpx2.RemoteProtocolError(f"the answer is no HTTP: {error}"))
            self.close()

    def on_header(self, name: bytes, value: bytes) -> None:
        """httptools'."""
        self._headers.append((name, value))

    def on_body(self, data: bytes) -> None:
        """httptools'."""
        self._body.append(data)

    def on_message_complete(self) -> None:
        """httptools'."""
        status = self._parser.get_status_code()
        if status < 200 or self._answer is None:
            self._headers.clear()
            return
        if not self._parser.should_keep_alive():
            self.usable = False
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._answer.set_result(httpx2.Response(status, headers=self._headers, content=body))

    async def ask(self, message: "bytes | httpx2.Request", seconds: float) -> httpx2.Response:
        """Send a request, whole or in pieces, and wait for the answer while no silence is of `seconds`."""
        assert self._transport is not None
        self._parser = httptools.HttpResponseParser(self)
        self._answer = self._loop.create_future()
        self._body, self._headers, self._begun = [], [], False
        self.heard = self._loop.time()
        self._timer = self._loop.call_later(seconds, self._look, seconds)
        try:
            if isinstance(message, bytes):
                self._transport.write(message)
            elif not await self._send(message):
                self.usable = False
            return await self._answer
        except BaseException:
            self.close()  # half a request or answer is in it
            raise
        finally:
            self._timer.cancel()
            self._answer = None

    async def _send(self, request: httpx2.Request) -> bool:
        """Write head and body; False when the answer came before the end of the body."""
        assert self._transport is not None
        chunked = b"chunked" in request.headers.get("transfer-encoding", "").encode()
        waiting = [_head(request)]
        async for piece in request.stream:  # type: ignore[union-attr]
            waiting.append(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked and piece else piece)
            self._transport.write(b"".join(waiting))
            waiting.clear()
            await self._writable.wait()
            self.heard = self._loop.time()
            if self._answer is None or self._answer.done():
                return False
        if chunked:
            waiting.append(b"0\r\n\r\n")
        if waiting:
            self._transport.write(b"".join(waiting))
        return True

    def _look(self, seconds: float) -> None:
        if self._answer is None or self._answer.done():
            return
        left = self.heard + seconds - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._look, seconds)
            return
        self._answer.set_exception(httpx2.ReadTimeout("no answer in time"))
        self._writable.set()
        self.close()

    def close(self) -> None:
        """End the connection at once."""
        self.usable = False
        if self._transport is not None:
            self._transport.abort()


class LeanTransport(httpx2.AsyncBaseTransport):
    """Kept connections to any number of services; made and closed within one event loop."""

    def __init__(self, connections: int = CONNECTIONS) -> None:
        self._idle: dict[Place, list[_Connection]] = {}
        self._rooms: dict[Place, asyncio.Semaphore] = {}
        self._connections = connections

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """One call of httpx2's. Raises httpx2.TransportError; a call that may be repeated is, once."""
        timeout: dict[str, Any] = request.extensions.get("timeout", {})
        seconds = timeout.get("read") or READ_SECONDS
        repeatable = request.method in REPEATABLE and isinstance(request.stream, httpx2.ByteStream)
        return await self.call(
            place_of(request.url), request, seconds, timeout.get("connect"), repeatable=repeatable
        )

    async def call(
        self,
        place: Place,
        message: bytes | httpx2.Request,
        seconds: float,
        connect: float | None,
        *,
        repeatable: bool,
    ) -> httpx2.Response:
        """The same for a request that is bytes already. Raises httpx2.TransportError."""
        async with self._rooms.setdefault(place, asyncio.Semaphore(self._connections)):
            try:
                return await self._once(place, message, seconds, connect)
            except ConnectionLost as lost:
                if lost.begun or not repeatable:
                    raise httpx2.RemoteProtocolError(str(lost)) from None
            self._drop_idle(place)  # most likely the service has restarted, and they are lost, too
            try:
                return await self._once(place, message, seconds, connect)
            except ConnectionLost as lost:
                raise httpx2.RemoteProtocolError(str(lost)) from None

    async def aclose(self) -> None:
        """Close what is idle."""
        for place in self._idle:
            self._drop_idle(place)

    def _drop_idle(self, place: Place) -> None:
        idle = self._idle[place]
        while idle:
            idle.pop().close()

    async def _once(
        self, place: Place, message: bytes | httpx2.Request, seconds: float, connect: float | None
    ) -> httpx2.Response:
        idle = self._idle.setdefault(place, [])
        connection = _pick(idle) or await _connect(place, connect)
        try:
            return await connection.ask(message, seconds)
        finally:
            if connection.usable:
                idle.append(connection)
            else:
                connection.close()


def _pick(idle: list[_Connection]) -> _Connection | None:
    """The connection that was used last, if it is still good."""
    while idle:
        connection = idle.pop()
        if connection.usable and asyncio.get_running_loop().time() - connection.heard < IDLE_SECONDS:
            return connection
        connection.close()
    return None


async def _connect(place: Place, seconds: float | None) -> _Connection:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(seconds):
            _transport, connection = await loop.create_connection(_Connection, *place)
    except TimeoutError:
        raise httpx2.ConnectTimeout(f"no connection to {place[0]}:{place[1]} in time") from None
    except OSError as error:
        raise httpx2.ConnectError(str(error)) from error
    return connection


def place_of(url: httpx2.URL) -> Place:
    """Where the server of an address listens. Raises httpx2.UnsupportedProtocol for all but http."""
    if url.scheme != "http":
        raise httpx2.UnsupportedProtocol(f"{url.scheme}: this transport speaks plain HTTP alone")
    return url.host, url.port or 80


def _head(request: httpx2.Request) -> bytes:
    lines = [b"%b %b HTTP/1.1" % (request.method.encode(), request.url.raw_path)]
    lines += [b"%b: %b" % header for header in request.headers.raw]
    return b"\r\n".join([*lines, b"", b""])
