"""The limit of every body that no route counts itself: the framework's answers with plain text."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

UNLIMITED = "darkroom_receive"  # where the server's own receive stays in the scope's state


class BodyLimit:
    """Pure ASGI: a body over `limit` bytes ends in 413 as soon as that is clear."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; bodies are counted when they are read, if they are."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["state"][UNLIMITED] = receive
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            if int(declared) > self._limit:
                raise HTTPException(413)
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._limit:
                raise HTTPException(413)  # the only kind that FastAPI lets through while it reads a body
            return message

        await self._app(scope, counted, send)


def unlimited(scope: Scope, receive: Receive) -> Receive:
    """The receive of a route that counts the body itself."""
    found: Receive = scope.get("state", {}).get(UNLIMITED, receive)
    return found
