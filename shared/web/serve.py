"""`python -m shared.web.serve NAME`: run the gateway or a service as `make run` and containers do."""

import asyncio
import gc
import importlib
import sys
from types import FrameType
from typing import Protocol

import uvicorn
from starlette.datastructures import State
from starlette.types import Receive, Scope, Send

from shared import logging
from shared.settings import DeployableSettings
from shared.web.allocator import keep_freed_memory
from shared.web.deadlines import deadline_protocol
from shared.web.drain import Drain

BACKLOG = 4096
# Objects made before the collector looks for cycles, and generations likewise. Nearly all of ours go by their
# counts: with Python's 700 the search took a tenth of the time of an upload.
COLLECT_AFTER = (10_000, 20, 20)


class Application(Protocol):
    """What is served: an ASGI app, and the state that create_app left in it."""

    @property
    def state(self) -> State:
        """`settings`, `drain`, and perhaps `server_options`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, socket or lifespan."""


class DrainingServer(uvicorn.Server):
    """Tells the app at the first signal, so that readiness goes off and open-ended answers end."""

    def __init__(self, config: uvicorn.Config, drain: Drain) -> None:
        super().__init__(config)
        self._drain = drain
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        """Remember the loop, which signal handlers cannot ask for."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)  # type: ignore[arg-type]
        # What is there now stays: the collector need not look at it again and again. A full collection
        # of an app with its libraries stops everything for 50 ms, several times a second under load.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*COLLECT_AFTER)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGINT or SIGTERM: drain, then end."""
        self._drain.start(self._loop)
        super().handle_exit(sig, frame)


def load(name: str) -> Application:
    """The app of a deployable, made from the environment."""
    module = importlib.import_module("gateway.app" if name == "gateway" else f"services.{name}.app")
    app: Application = module.create_app()
    return app


def server_for(app: Application) -> DrainingServer:
    """A server with our deadlines and limits; app.state.server_options adds to uvicorn's."""
    settings: DeployableSettings = app.state.settings
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=deadline_protocol(settings),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=int(settings.keep_alive_seconds),
        timeout_graceful_shutdown=int(settings.drain_seconds),
        **getattr(app.state, "server_options", {}),
    )
    return DrainingServer(config, app.state.drain)


def main() -> None:
    """Serve until SIGINT or SIGTERM; a set-up that cannot work ends with one sentence."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m shared.web.serve NAME (gateway, or a service)")
    keep_freed_memory()
    logging.configure(sys.argv[1])  # what comes before the settings are known is a line of the log as well
    try:
        app = load(sys.argv[1])
    except ValueError as error:
        sys.exit(f"{sys.argv[1]}: {error}")
    logging.configure(sys.argv[1], app.state.settings.log_level)
    server_for(app).run()


if __name__ == "__main__":
    main()
