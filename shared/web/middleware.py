"""What surrounds every request: its id, the service token, figures, one log line, and crashes."""

import hmac
import os
import re
import time
from collections.abc import MutableMapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import DarkroomError, NotAuthenticated
from shared.logging import get_logger
from shared.passing import REQUEST_ID as REQUEST_ID_HEADER
from shared.passing import pass_on
from shared.tracing import Traced, Tracing
from shared.web.metrics import Metrics
from shared.web.problems import STATE_KEY, BodyDisconnected, as_darkroom_error, problem_response

REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
TOKEN_HEADER = b"x-darkroom-service-token"
OPEN_PATHS = frozenset({"/healthz", "/readyz"})
UNTRACED = OPEN_PATHS | {"/metrics"}
TRACED = ("traceparent", "tracestate")
log = get_logger("http")


def find_header(scope: Scope, name: bytes) -> bytes | None:
    """The first header of that (lower-case) name, or None."""
    for header, value in scope["headers"]:
        if header == name:
            return bytes(value)
    return None


def shown_token(scope: Scope) -> bytes:
    """The service token that the caller shows. A Prometheus knows no header for it but a bearer's."""
    given = find_header(scope, TOKEN_HEADER)
    if given is None and scope["path"] == "/metrics":
        given = (find_header(scope, b"authorization") or b"").removeprefix(b"Bearer ")
    return given or b""


def new_request_id() -> str:
    """16 hexadecimal digits, enough to find one request in the logs of all parts."""
    return os.urandom(8).hex()


class Surroundings:
    """Pure ASGI, the outermost layer; no body passes through more than one function of it."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        metrics: Metrics,
        service_token: str,
        access_log: bool,
        tracing: Tracing | None = None,
    ) -> None:
        self._app = app
        self._tracing = tracing
        self._metrics = metrics
        self._token = service_token.encode()
        self._access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other scopes (lifespan, websocket) pass untouched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = find_header(scope, b"x-request-id")
        request_id = given.decode() if given and REQUEST_ID.fullmatch(given) else new_request_id()
        scope.setdefault("state", {})[STATE_KEY] = request_id
        traced = self._trace(scope, request_id)
        answer = _Answer(send, request_id.encode())
        started = time.perf_counter()
        self._metrics.under_way.inc()
        try:
            if self._token and scope["path"] not in OPEN_PATHS:
                self._check_token(scope)
            await self._app(scope, receive, answer)
        except BodyDisconnected:
            answer.status = answer.status or 499
        except Exception as error:  # noqa: BLE001 - the one place that answers for crashes
            await self._answer_error(error, answer, scope, receive, request_id)
        finally:
            self._metrics.under_way.dec()
            self._tell(scope, answer.status, time.perf_counter() - started, request_id)
            if traced is not None:
                traced.end(_route_of(scope), answer.status)

    def _trace(self, scope: Scope, request_id: str) -> Traced | None:
        """Let what is called for this request carry its id, and its place in a trace where there is one."""
        if self._tracing is None or scope["path"] in UNTRACED:
            pass_on({REQUEST_ID_HEADER: request_id})
            return None
        carried = {
            name: value.decode("latin-1") for name in TRACED if (value := find_header(scope, name.encode()))
        }
        traced = self._tracing.begin(scope["method"], scope["path"], request_id, carried)
        pass_on({REQUEST_ID_HEADER: request_id, **traced.headers})
        return traced

    def _check_token(self, scope: Scope) -> None:
        if not hmac.compare_digest(shown_token(scope), self._token):
            raise NotAuthenticated("only the gateway may call a service", code="service_token_required")

    async def _answer_error(
        self, error: Exception, answer: "_Answer", scope: Scope, receive: Receive, request_id: str
    ) -> None:
        known = as_darkroom_error(error)
        if known is None:
            log.error("crash", path=scope["path"], request_id=request_id, exc_info=error)
            known = DarkroomError("the request id finds the reason in the log")
        if answer.status:
            raise error  # half an answer is out: only a cut connection tells the client the truth
        await problem_response(known, request_id)(scope, receive, answer)

    def _tell(self, scope: Scope, status: int, seconds: float, request_id: str) -> None:
        route = _route_of(scope)
        self._metrics.observe(scope["method"], route, status, seconds)
        if self._access_log and route not in OPEN_PATHS:
            log.info(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=status,
                ms=round(seconds * 1000, 2),
                request_id=request_id,
            )


def _route_of(scope: Scope) -> str:
    """The route's template, never the path that was asked for."""
    return getattr(scope.get("route"), "path", None) or scope.get("darkroom_route") or "unmatched"


class _Answer:
    """The send of one request: adds the request id, remembers the status."""

    __slots__ = ("_request_id", "_send", "status")

    def __init__(self, send: Send, request_id: bytes) -> None:
        self._send = send
        self._request_id = request_id
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = self._with_id(message)
        await self._send(message)

    def _with_id(self, message: Message) -> MutableMapping[str, Any]:
        headers = [*message.get("headers", ()), (b"x-request-id", self._request_id)]
        if not any(name == b"x-content-type-options" for name, _ in headers):
            headers.append((b"x-content-type-options", b"nosniff"))
        return {**message, "headers": headers}
