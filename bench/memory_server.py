"""Images answered from memory: what the image store's contents are measured against.

`python -m bench.memory_server KIND PORT FOLDER` serves each file of the folder at the path that it has in
the image store, with the same headers. KIND `darkroom` is one plain ASGI route in the scaffolding of all
services; `bare` is one function on uvicorn alone, with no logs or figures.
"""

import hashlib
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from starlette.types import Message, Receive, Scope, Send

from shared import logging
from shared.settings import DeployableSettings
from shared.web.allocator import keep_freed_memory
from shared.web.app import create_app
from shared.web.content import content_headers
from shared.web.direct import add_direct
from shared.web.serve import server_for

Answers = dict[str, tuple[Message, Message]]


def answers(folder: Path) -> Answers:
    """File's name -> the two messages that answer with it."""
    return {path.name: _answer(path.name, path.read_bytes()) for path in folder.iterdir()}


def _answer(name: str, content: bytes) -> tuple[Message, Message]:
    headers = content_headers(
        media_type="image/jpeg",
        etag=hashlib.sha256(content).hexdigest(),
        name=name,
        cache_control="private, no-cache",
    )
    headers = (*headers, (b"content-length", str(len(content)).encode()))
    start = {"type": "http.response.start", "status": 200, "headers": list(headers)}
    return start, {"type": "http.response.body", "body": content}


def scaffolded(found: Answers, settings: DeployableSettings) -> FastAPI:
    """The app with everything around the route that a service has: request id, token, log, figures."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield

    async def serve(scope: Scope, _receive: Receive, send: Send) -> None:
        start, body = found[scope["path_params"]["name"]]
        await send(start)
        await send(body)

    def get_content(name: str) -> None:
        """The bytes."""

    app = create_app(title="memory", description="", settings=settings, lifespan=lifespan, checks={})
    add_direct(app.router, "/v1/images/{name}/content", serve, get_content)
    return app


def serve_bare(found: Answers, port: int) -> None:
    """Serve by uvicorn alone."""

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        start, body = found[scope["path"].split("/")[3]]
        await send(start)
        await send(body)

    uvicorn.run(app, port=port, lifespan="off", access_log=False, log_level="warning")


def main() -> None:
    """Serve until SIGTERM."""
    kind, port, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    keep_freed_memory()
    if kind == "bare":
        serve_bare(answers(folder), port)
        return
    settings = DeployableSettings(port=port)
    logging.configure("memory", settings.log_level)
    server_for(scaffolded(answers(folder), settings)).run()


if __name__ == "__main__":
    main()
