"""The gateway's app: wires its parts, and owns their beginning and end."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from prometheus_client import Gauge
from sqlalchemy.exc import SQLAlchemyError
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from gateway.access import Access
from gateway.admin_key import ensure_admin_key
from gateway.announcement import Announcement
from gateway.connections import Connections
from gateway.device_routes import devices_router
from gateway.documents import Documents, documents_router
from gateway.entrance import Entrance
from gateway.figures import lag_figures
from gateway.forwarded import TrustedProxies
from gateway.front import Front
from gateway.hub import Hub
from gateway.keys import Keys
from gateway.passage import Passage
from gateway.proxy import Proxy
from gateway.routes import keys_router, session_router
from gateway.settings import GatewaySettings
from gateway.site import add_site, docs_router
from gateway.sockets import EventSocket
from shared.database import Database, make_engine, migrate
from shared.database.figures import database_figures
from shared.errors import DarkroomError
from shared.logging import get_logger
from shared.web.app import create_app as create_web_app
from shared.web.drain import Drain
from shared.web.health import Check
from shared.web.middleware import Surroundings

MIGRATIONS = Path(__file__).parent / "migrations"
USES_SECONDS = 60.0  # between two notes of when keys were last used
log = get_logger("gateway")


class Background:
    """What runs beside the requests; the app is not ready when some of it has ended."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, *works: Coroutine[None, None, None]) -> None:
        """Run the works until `stop`."""
        self._tasks = [asyncio.create_task(work) for work in works]

    async def check(self) -> None:
        """Raises what ended a work that should run for ever."""
        for task in self._tasks:
            if task.done():
                task.result()

    async def stop(self) -> None:
        """End them all."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class Parts:
    """The parts of one gateway, and their beginning and end."""

    def __init__(self, settings: GatewaySettings) -> None:
        self.settings = settings
        self.engine = make_engine(settings.effective_database_url, busy_timeout=settings.busy_timeout_seconds)
        self.database = Database(self.engine, waiting_writes=settings.waiting_writes)
        self.keys = Keys(
            self.database,
            session_days=settings.session_days,
            code_seconds=settings.sign_in_code_seconds,
        )
        self.access = Access(settings, self.keys)
        self.connections = Connections(settings)
        self.proxy = Proxy(settings, self.connections)
        self.hub = Hub(settings, self.access, self.keys, self.connections)
        self.announcement = Announcement(settings)
        self.background = Background()

    def checks(self) -> dict[str, Check]:
        """What has to be well for requests to be served."""
        checks: dict[str, Check] = {"database": self.database.check, "background": self.background.check}
        checks["events"] = self.hub.check
        for upstream in self.settings.upstreams.values():
            checks[upstream.name] = partial(self.connections.check, upstream)
        return checks

    @asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        """Begin what the requests need, in order, and end it in the opposite one."""
        settings, keys = self.settings, self.keys
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.database.close)
            await self.database.quick_check()
            if settings.auth == "on":
                await ensure_admin_key(keys, settings.effective_admin_key_file)
            self.connections.open()
            stack.push_async_callback(self.connections.close)
            stack.push_async_callback(_note_uses, keys)
            stack.push_async_callback(self.announcement.close)
            self.background.start(
                self.hub.run(),
                self.announcement.run(),
                _note_uses_often(keys),
                _end_streams(app.state.drain, self.proxy),
            )
            stack.push_async_callback(self.background.stop)
            yield


def create_app(settings: GatewaySettings | None = None) -> Front:
    """The gateway, by its settings; by those of the environment where none are given."""
    settings = settings or GatewaySettings()
    parts = Parts(settings)
    migrate(parts.engine, MIGRATIONS)
    app = create_web_app(
        title="Darkroom",
        description="Tag, keep, process and browse collections of images.",
        settings=settings,
        lifespan=parts.lifespan,
        checks=parts.checks(),
        service_token="",
    )
    app.user_middleware.append(Middleware(Entrance, access=parts.access))  # within the surroundings
    _add_routes(app, parts)
    sockets = Gauge("websockets", "WebSocket clients", registry=app.state.metrics.registry)
    sockets.set_function(parts.hub.count)
    app.state.metrics.add(lambda: database_figures(parts.database))
    app.state.metrics.add(lambda: lag_figures(list(parts.hub.streams.values())))
    app.state.server_options = {
        "ws": EventSocket,
        "ws_max_size": settings.socket_message_bytes,
        "ws_per_message_deflate": False,
        "ws_ping_interval": settings.socket_ping_seconds,
        "ws_ping_timeout": settings.socket_ping_seconds,
    }
    passage = Surroundings(
        Passage(settings, parts.access, parts.proxy),
        metrics=app.state.metrics,
        service_token="",
        access_log=settings.access_log,
        tracing=app.state.tracing,
    )
    return Front(app, _allow_origins(app, passage, settings), parts.hub, TrustedProxies(settings.proxies))


def _allow_origins(app: FastAPI, passage: ASGIApp, settings: GatewaySettings) -> ASGIApp:
    """Let pages of other origins in, where some are set; the passage as it is to be used."""
    if not settings.allowed_origins:
        return passage
    options: dict[str, Any] = {
        "allow_origins": sorted(settings.origins),
        "allow_methods": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
        "allow_headers": ["*"],
        "allow_credentials": True,
        "expose_headers": ["ETag", "Location", "X-Request-ID", "Retry-After"],
    }
    app.add_middleware(CORSMiddleware, **options)
    return CORSMiddleware(passage, **options)


def _add_routes(app: FastAPI, parts: Parts) -> None:
    """All of the gateway's own paths. FastAPI's document gives its place to the merged one."""
    own = [route for route in app.router.routes if getattr(route, "path", "") != app.openapi_url]
    app.router.routes[:] = own
    app.state.documents = Documents(parts.settings, parts.connections, app.openapi)
    app.include_router(keys_router(parts.keys))
    app.include_router(session_router(parts.settings, parts.keys, parts.access))
    app.include_router(devices_router(parts.settings, parts.keys, parts.announcement))
    app.include_router(documents_router(app.state.documents))
    app.include_router(docs_router(parts.settings))
    add_site(app, secure=parts.settings.secure)


async def _note_uses(keys: Keys) -> None:
    try:
        await keys.flush_uses()
    except (SQLAlchemyError, DarkroomError) as error:
        log.warning("uses of keys not noted", reason=str(error))


async def _note_uses_often(keys: Keys) -> None:
    while True:
        await asyncio.sleep(USES_SECONDS)
        await _note_uses(keys)


async def _end_streams(drain: Drain, proxy: Proxy) -> None:
    await drain.wait()
    proxy.end_streams()
    await asyncio.Event().wait()  # nothing more to do, and not a work that has failed
