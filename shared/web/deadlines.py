"""HTTP connections with deadlines: uvicorn's protocol, which has none for slow senders and readers."""

import asyncio
from typing import Any

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared.errors import BadRequest, Unavailable
from shared.settings import DeployableSettings
from shared.web.middleware import OPEN_PATHS
from shared.web.problems import problem_response

TICK = 1.0  # seconds between two looks at a connection; deadlines are kept to within one


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """What is served to connections over the limit."""
    error = Unavailable(
        "too many connections",
        code="too_many_connections",
        headers={"Retry-After": "2", "Connection": "close"},
    )
    await problem_response(error)(scope, receive, send)


class DeadlineProtocol(HttpToolsProtocol):
    """Closes a connection whose head, body or reading stalls, and serves only health over the limit."""

    settings: DeployableSettings
    http: "set[DeadlineProtocol]"  # of one server; uvicorn's own set holds WebSockets too

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A connection is there: its first head has to come within the deadline."""
        super().connection_made(transport)
        self.http.add(self)
        self._whole_app = self.app
        self._now = self.loop.time
        self._head_since: float | None = self._now()
        self._heard = self._now()
        self._lingering_since: float | None = None
        self._unread = (0, self._now())  # bytes that the client has not taken, and since when
        self._timer = self.loop.call_later(TICK, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """No more looks at a connection that is gone."""
        self._timer.cancel()
        self.http.discard(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes came: they may begin a head, or carry a body on."""
        self._heard = self._now()
        idle = self.cycle is None or self.cycle.response_complete
        if idle and self._head_since is None and self._lingering_since is None:
            self._head_since = self._heard
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """A head is whole in time; over the limit of connections only health checks are served."""
        self._head_since = None
        self._lingering_since = None
        full = len(self.http) > self.settings.max_connections
        path = self.url.split(b"?")[0].decode("ascii", "replace")
        self.app = refuse if full and path not in OPEN_PATHS else self._whole_app
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """The answer is out; where the body still comes, it is read away for a while before closing."""
        if self.cycle is not None and self.cycle.more_body:
            self._lingering_since = self._now()
        super().on_response_complete()

    def on_message_complete(self) -> None:
        """The request is whole: whatever lingered has ended."""
        self._lingering_since = None
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """WebSockets have their own deadlines."""
        self._timer.cancel()
        self.http.discard(self)
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP gets a problem too, and the connection ends."""
        answer = problem_response(BadRequest(msg, code="invalid_http"))
        head = b"".join(b"%s: %s\r\n" % header for header in answer.raw_headers)
        self.transport.write(
            b"HTTP/1.1 400 Bad Request\r\n" + head + b"connection: close\r\n\r\n" + bytes(answer.body)
        )
        self.transport.close()

    def _look(self) -> None:
        closing = self.transport.is_closing()  # the last bytes may still be on their way
        if self._reader_stalls(self._now()) if closing else self._is_late():
            self.transport.abort()
            return
        self._timer = self.loop.call_later(TICK, self._look)

    def _is_late(self) -> bool:
        now, settings = self._now(), self.settings
        if self._head_since is not None:
            return now - self._head_since > settings.header_seconds
        if self._lingering_since is not None:
            return now - self._lingering_since > settings.body_idle_seconds
        if self._reader_stalls(now):
            return True
        cycle = self.cycle
        waits_for_body = cycle is not None and not cycle.response_complete and cycle.more_body
        if waits_for_body and not self.flow.read_paused:
            return now - self._heard > settings.body_idle_seconds
        return False

    def _reader_stalls(self, now: float) -> bool:
        """True when bytes wait for the client and none of them has gone for the idle time."""
        waiting = self.transport.get_write_buffer_size()
        if waiting != self._unread[0] or waiting == 0:
            self._unread = (waiting, now)
        return now - self._unread[1] > self.settings.body_idle_seconds


def deadline_protocol(settings: DeployableSettings) -> type[HttpToolsProtocol]:
    """The protocol class for uvicorn's Config(http=...), with these settings."""
    attributes: dict[str, Any] = {"settings": settings, "http": set()}
    return type("DeadlineProtocol", (DeadlineProtocol,), attributes)
