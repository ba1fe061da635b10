"""HEAD for everything that can be got: the same head, and no body."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEAD_ONLY = "darkroom_head_only"


def wants_head_only(scope: Scope) -> bool:
    """True where the body would be made for nothing."""
    return HEAD_ONLY in scope.get("state", ())


class HeadAsGet:
    """Pure ASGI: routes see a GET; what they send as body stays here."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; all but HEAD pass untouched."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        scope["state"][HEAD_ONLY] = True
        as_get = {**scope, "method": "GET"}  # a copy: the server goes by the method it knows
        await self._app(as_get, receive, send_head)
        if "route" in as_get:
            scope["route"] = as_get["route"]
