"""The way to the services: admits what is for them, and hands it to the proxy."""

from starlette.types import Receive, Scope, Send

from gateway.access import Access
from gateway.forwarding import check_path
from gateway.keys import ALL_SCOPES
from gateway.proxy import Proxy, Route
from gateway.settings import GatewaySettings
from shared.contracts.access import SAFE_METHODS, scope_for
from shared.errors import DarkroomError, NotFound
from shared.web.middleware import find_header

API = "/api/"
LINKS = "/s/"
LINKS_SERVICE = "imagestore"
LINK_METHODS = SAFE_METHODS | {"POST"}  # a password is posted


class MethodNotAllowed(DarkroomError):
    """The path is there, and this is not what can be done with it."""

    status = 405
    code = "method_not_allowed"
    title = "Method Not Allowed"


class Passage:
    """Pure ASGI for `/api/<service>/` and `/s/`."""

    def __init__(self, settings: GatewaySettings, access: Access, proxy: Proxy) -> None:
        self._upstreams = settings.upstreams
        self._access = access
        self._proxy = proxy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or raise its refusal."""
        try:
            is_api = scope["path"].startswith(API)
            route = await (self._admit_api(scope) if is_api else self._admit_link(scope))
        except DarkroomError as error:
            if find_header(scope, b"expect") is not None:
                error.headers["Connection"] = "close"  # whether the body still comes, nobody can tell
            raise
        await self._proxy.serve(scope, receive, send, route)

    async def _admit_api(self, scope: Scope) -> Route:
        raw: bytes = scope["raw_path"]
        name, _, rest = raw[len(API) :].partition(b"/")
        service, path = name.decode("ascii"), b"/" + rest
        known = service in self._upstreams
        if known:
            scope["darkroom_route"] = f"/api/{service}"
        head = self._access.check_host(scope)
        needed = scope_for(service, scope["method"], path.decode("ascii"))
        caller = await self._access.admit(scope, head, needed)
        check_path(raw)
        if not known:
            running = ", ".join(self._upstreams)
            raise NotFound(f"there is no such service; these are: {running}", code="unknown_service")
        scopes = ",".join(one for one in ALL_SCOPES if one in caller.scopes)
        return Route(self._upstreams[service], path, f"/api/{service}", caller.name, scopes)

    async def _admit_link(self, scope: Scope) -> Route:
        """Share links need no key: the token in the path is what opens them, and them alone."""
        scope["darkroom_route"] = "/s/{token}"
        raw: bytes = scope["raw_path"]
        self._access.check_host(scope)
        self._access.take_for_address(scope)
        check_path(raw)
        if scope["method"] not in LINK_METHODS:
            raise MethodNotAllowed(headers={"Allow": ", ".join(sorted(LINK_METHODS))})
        upstream = self._upstreams.get(LINKS_SERVICE)
        if upstream is None or not raw.startswith(LINKS.encode()):
            raise NotFound
        return Route(upstream, raw, "", "link", "")
