"""The first thing behind the surroundings: admits each request, and sends it where it belongs."""

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.access import STATE_KEY, Access
from gateway.forwarding import check_path
from gateway.hub import Hub
from gateway.keys import ALL_SCOPES
from gateway.proxy import Proxy, Route
from gateway.settings import GatewaySettings
from shared.contracts.access import SAFE_METHODS, scope_for
from shared.errors import DarkroomError, NotFound
from shared.web.middleware import OPEN_PATHS, find_header, new_request_id
from shared.web.problems import problem_response

API = "/api/"
DOCUMENT = b"openapi.json"
LINKS = b"/s/"
SOCKET = "/ws"
LINKS_SERVICE = "imagestore"
LINK_METHODS = SAFE_METHODS | {"POST"}  # a password is posted


class MethodNotAllowed(DarkroomError):
    """The path is there, and this is not what can be done with it."""

    status = 405
    code = "method_not_allowed"
    title = "Method Not Allowed"


class Entrance:
    """Pure ASGI: `/api/<service>/` and share links go to the proxy, `/ws` to the hub, the rest to the app."""

    def __init__(
        self, app: ASGIApp, *, settings: GatewaySettings, access: Access, proxy: Proxy, hub: Hub
    ) -> None:
        self._app = app
        self._upstreams = settings.upstreams
        self._access = access
        self._proxy = proxy
        self._hub = hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket."""
        if scope["type"] == "websocket":
            # uvicorn's shutdown closes it, so nothing of ours stands between it and the hub
            await (self._hub.serve if scope["path"] == SOCKET else refuse_socket)(scope, receive, send)
            return
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        try:
            await self._serve(scope, receive, send)
        except DarkroomError as error:
            if find_header(scope, b"expect") is not None:
                error.headers["Connection"] = "close"  # whether the body still comes, nobody can tell
            raise

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path.startswith(API):
            await self._serve_api(scope, receive, send)
        elif path.startswith("/s/") and LINKS_SERVICE in self._upstreams:
            await self._serve_link(scope, receive, send)
        else:
            await self._admit_own(scope, path)
            await self._app(scope, receive, send)

    async def _serve_api(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw: bytes = scope["raw_path"]
        name, slash, rest = raw[len(API) :].partition(b"/")
        service = name.decode("ascii")
        known = service in self._upstreams
        if known:
            scope["darkroom_route"] = f"/api/{service}"
        head = self._access.check_host(scope)
        needed = scope_for(service, scope["method"], f"/{rest.decode('ascii')}")
        caller = await self._access.admit(scope, head, needed)
        check_path(raw)
        if not known:
            running = ", ".join(self._upstreams)
            raise NotFound(f"there is no such service; these are: {running}", code="unknown_service")
        if rest == DOCUMENT:  # with where the service is reached through us, so that it can be tried out
            await self._app(scope, receive, send)
            return
        scopes = ",".join(one for one in ALL_SCOPES if one in caller.scopes)
        route = Route(self._upstreams[service], slash + rest or b"/", f"/api/{service}", caller.name, scopes)
        await self._proxy.serve(scope, receive, send, route)

    async def _serve_link(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Share links need no key: the token in the path is what opens them, and them alone."""
        scope["darkroom_route"] = "/s/{token}"
        raw: bytes = scope["raw_path"]
        self._access.check_host(scope)
        self._access.take_for_address(scope)
        check_path(raw)
        if scope["method"] not in LINK_METHODS:
            raise MethodNotAllowed(headers={"Allow": ", ".join(sorted(LINK_METHODS))})
        if not raw.startswith(LINKS):
            raise NotFound
        await self._proxy.serve(
            scope, receive, send, Route(self._upstreams[LINKS_SERVICE], raw, "", "link", "")
        )

    async def _admit_own(self, scope: Scope, path: str) -> None:
        head = self._access.check_host(scope)
        if path == "/metrics" and self._access.has_service_token(scope):
            return
        needed = scope_of(scope["method"], path)
        if needed is None:
            self._access.check_site(scope, head)
        else:
            scope["state"][STATE_KEY] = await self._access.admit(scope, head, needed or None)


async def refuse_socket(scope: Scope, receive: Receive, send: Send) -> None:
    """There is one path for WebSockets."""
    await receive()
    error = NotFound(f"the WebSocket is at {SOCKET}")
    await problem_response(error, new_request_id())(scope, receive, send)


def scope_of(method: str, path: str) -> str | None:
    """The scope that one of the gateway's own paths needs; "" for any key, None for no key at all.

    The page and its files are open: they hold nothing, and what they ask for needs the key.
    """
    if path == "/v1/session":
        return None if method == "POST" else ""
    if path.startswith("/v1/"):
        return "admin"
    if path in {"/metrics", "/openapi.json"}:
        return "read"
    return None
