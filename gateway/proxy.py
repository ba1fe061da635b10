"""The streaming reverse proxy: a raw ASGI function over aiohttp's client; no body is ever gathered."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
from starlette.types import Receive, Scope, Send
from yarl import URL

from gateway.connections import Connections
from gateway.exchange import ClientGone, Exchange
from gateway.forwarding import RequestHead, request_head, response_headers
from gateway.settings import GatewaySettings, Upstream
from shared.contracts.access import SAFE_METHODS
from shared.errors import DarkroomError, Unavailable, UpstreamTimeout
from shared.logging import get_logger
from shared.passing import TRACE, passed_on
from shared.web.problems import STATE_KEY, BodyDisconnected

RETRY_AFTER = {"Retry-After": "1"}
log = get_logger("proxy")


class BadGateway(DarkroomError):
    """A service answered with what is not HTTP, or not at all."""

    status = 502
    code = "upstream_failed"
    title = "The service gave no proper answer"


class _NoRetry(Exception):
    """Carries an error past aiohttp, which would send PUT and DELETE a second time."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes: the service, the path there, and what is said of the caller."""

    upstream: Upstream
    path: bytes
    prefix: str
    actor: str
    scopes: str


class Proxy:
    """Passes requests on to services and their answers back, piece by piece, at the slower side's pace."""

    def __init__(self, settings: GatewaySettings, connections: Connections) -> None:
        self._settings = settings
        self._connections = connections
        self._token = settings.service_token.get_secret_value()
        self._public = URL(settings.public_url) if settings.public_url else None
        self._endless: set[asyncio.Task[Any]] = set()
        self._ended = False

    async def serve(self, scope: Scope, receive: Receive, send: Send, route: Route) -> None:
        """One exchange. Raises the refusal where no answer has begun; cuts the connection where one has."""
        head = request_head(scope["headers"], self._settings.cookie)
        head.headers.extend(self._own_headers(scope, route))
        if trace := passed_on().get(TRACE):
            head.headers[:] = [header for header in head.headers if header[0] != TRACE]
            head.headers.append((TRACE, trace))
        exchange = Exchange(receive, self._settings.read_seconds)
        try:
            await self._pass_through(scope, send, route, head, exchange)
        except asyncio.CancelledError:
            if exchange.gone or exchange.stalled:
                _uncancel()
            if exchange.gone:
                raise BodyDisconnected from None
            if exchange.stalled:
                raise UpstreamTimeout("the service takes no more of the body") from None
            raise
        except ClientGone:
            raise BodyDisconnected from None
        finally:
            exchange.close()

    def end_streams(self) -> None:
        """End answers that never end by themselves; their clients come back with their cursor."""
        self._ended = True
        for task in self._endless:
            task.cancel()

    async def _pass_through(
        self, scope: Scope, send: Send, route: Route, head: RequestHead, exchange: Exchange
    ) -> None:
        answer = await self._open(scope, route, head, exchange)
        try:
            headers = response_headers(answer.raw_headers, answer.status)
            if head.expects_continue and not exchange.asked:
                headers.append((b"connection", b"close"))  # the body may or may not come: nobody can tell
            await send({"type": "http.response.start", "status": answer.status, "headers": headers})
            if answer.content_type == "text/event-stream":
                await self._pass_stream(answer, send)
            else:
                await _pass_body(answer, send)
        except (aiohttp.ClientError, TimeoutError) as error:
            # The head is out, so only a cut connection tells the client that this is not all.
            log.warning("answer cut", service=route.upstream.name, reason=type(error).__name__)
        finally:
            answer.close()

    async def _open(
        self, scope: Scope, route: Route, head: RequestHead, exchange: Exchange
    ) -> aiohttp.ClientResponse:
        """The answer's head. Raises the refusal that a failure stands for."""
        method = scope["method"]
        query = scope["query_string"]
        target = f"{route.upstream.url}{route.path.decode('ascii')}"
        if query:
            target = f"{target}?{query.decode('ascii')}"
        if not head.has_body:
            exchange.watch()
        try:
            return await self._connections.session.request(
                method,
                URL(target, encoded=True),
                headers=head.headers,
                data=exchange.body() if head.has_body else None,
                expect100=head.expects_continue and head.has_body,
                allow_redirects=False,
                middlewares=() if method in SAFE_METHODS else (_never_twice,),
            )
        except _NoRetry as error:
            raise self._refusal(error.__cause__, route, exchange) from None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise self._refusal(error, route, exchange) from None

    def _refusal(self, error: BaseException | None, route: Route, exchange: Exchange) -> Exception:
        name = route.upstream.name
        if exchange.gone:
            return ClientGone()
        if isinstance(error, TimeoutError):
            return UpstreamTimeout(f"{name} did not answer in time")
        if isinstance(error, aiohttp.ClientConnectorError):
            return Unavailable(f"{name} is not running", code="service_unavailable", headers=RETRY_AFTER)
        if isinstance(error, aiohttp.ClientResponseError):
            log.error("bad answer", service=name, reason=error.message)
            return BadGateway(f"{name} gave no proper answer")
        return Unavailable(
            f"{name} ended before it answered; whether it did what was asked is not known",
            code="service_cut",
            headers=RETRY_AFTER,
        )

    def _own_headers(self, scope: Scope, route: Route) -> list[tuple[str, str]]:
        client, public = scope.get("client"), self._public
        host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
        if public is not None and public.host is not None:
            host = public.raw_authority
        return [
            ("X-Forwarded-For", client[0] if client else ""),
            ("X-Forwarded-Proto", public.scheme if public else scope["scheme"]),
            ("X-Forwarded-Host", host),
            ("X-Forwarded-Prefix", route.prefix),
            ("X-Request-ID", scope["state"].get(STATE_KEY, "")),
            ("X-Darkroom-Service-Token", self._token),
            ("X-Darkroom-Actor", route.actor),
            ("X-Darkroom-Scopes", route.scopes),
        ]

    async def _pass_stream(self, answer: aiohttp.ClientResponse, send: Send) -> None:
        """Events, which may be far apart; ended when the gateway drains."""
        connection = answer.connection
        if connection is not None and connection.protocol is not None:
            connection.protocol.read_timeout = None
            connection.protocol.start_timeout()
        task = asyncio.current_task()
        assert task is not None
        self._endless.add(task)
        try:
            await _pass_body(answer, send)
        except asyncio.CancelledError:
            if not self._ended:
                raise
            _uncancel()
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._endless.discard(task)


async def _pass_body(answer: aiohttp.ClientResponse, send: Send) -> None:
    content = answer.content
    while not content.at_eof():
        piece = await content.readany()
        if piece:
            await send({"type": "http.response.body", "body": piece, "more_body": not content.at_eof()})
            if content.at_eof():
                return
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _never_twice(
    request: aiohttp.ClientRequest,
    handler: Callable[[aiohttp.ClientRequest], Awaitable[aiohttp.ClientResponse]],
) -> aiohttp.ClientResponse:
    """Only safe methods are sent again on a fresh connection; aiohttp would do it for PUT and DELETE too."""
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _NoRetry from error


def _uncancel() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.uncancel()
