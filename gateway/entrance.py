"""The entrance to the gateway's own calls and pages."""

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.access import STATE_KEY, Access
from shared.errors import DarkroomError
from shared.web.middleware import OPEN_PATHS, find_header


class Entrance:
    """Pure ASGI: admits a request before any of its body is read; the caller is left in the state."""

    def __init__(self, app: ASGIApp, *, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or raise its refusal; other scopes pass untouched."""
        if scope["type"] == "http" and scope["path"] not in OPEN_PATHS:
            try:
                await self._admit(scope, scope["path"])
            except DarkroomError as error:
                if find_header(scope, b"expect") is not None:
                    error.headers["Connection"] = "close"  # whether the body still comes, nobody can tell
                raise
        await self._app(scope, receive, send)

    async def _admit(self, scope: Scope, path: str) -> None:
        head = self._access.check_host(scope)
        if path == "/metrics" and self._access.has_service_token(scope):
            return
        needed = scope_of(scope["method"], path)
        if needed is None:
            self._access.check_site(scope, head)
        else:
            scope["state"][STATE_KEY] = await self._access.admit(scope, head, needed or None)


def scope_of(method: str, path: str) -> str | None:
    """The scope that one of the gateway's own paths needs; "" for any key, None for no key at all.

    The page and its files are open: they hold nothing, and what they ask for needs the key.
    """
    if path == "/v1/session":
        return None if method == "POST" else ""
    if path in {"/v1/addresses", "/v1/sign-in-codes"}:
        return ""
    if path.startswith("/v1/"):
        return "admin"
    if path in {"/metrics", "/openapi.json"} or path.startswith("/api/"):
        return "read"
    return None
