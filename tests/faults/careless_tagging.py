"""A tagging service that breaks its promises: `python -m tests.faults.careless_tagging`.

Labels and saves are answered with success at once, and done half a second later. The tests that look for
lost labels have to find some behind it, or they prove nothing.
"""

import asyncio

from fastapi import FastAPI
from starlette.datastructures import State
from starlette.types import Message, Receive, Scope, Send

from services.tagging.app import create_app
from services.tagging.settings import TaggingSettings
from shared import logging
from shared.web.serve import server_for

LATE_SECONDS = 0.5


class Hasty:
    """The app, with answers that come before the work."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._late: set[asyncio.Task[None]] = set()

    @property
    def state(self) -> State:
        """What the server asks for."""
        return self._app.state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve; PATCH and saves in the wrong order."""
        if scope["type"] != "http" or not (scope["method"] == "PATCH" or scope["path"].endswith("/save")):
            await self._app(scope, receive, send)
            return
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        task = asyncio.create_task(self._do_later(dict(scope), body))
        self._late.add(task)
        task.add_done_callback(self._late.discard)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"{}"})

    async def _do_later(self, scope: Scope, body: bytes) -> None:
        await asyncio.sleep(LATE_SECONDS)

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(_message: Message) -> None:
            return

        await self._app(scope, receive, send)


def main() -> None:
    """Serve, as shared.web.serve does."""
    settings = TaggingSettings()
    app = create_app(settings)
    logging.configure("tagging", settings.log_level)
    server_for(Hasty(app)).run()


if __name__ == "__main__":
    main()
