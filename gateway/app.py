"""The gateway's app: wires its parts, and owns their beginning and end."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from gateway.access import Access
from gateway.admin_key import ensure_admin_key
from gateway.connections import Connections
from gateway.documents import Documents, documents_router
from gateway.entrance import Entrance
from gateway.front import Front
from gateway.hub import Hub
from gateway.keys import Keys
from gateway.passage import Passage
from gateway.proxy import Proxy
from gateway.routes import keys_router, session_router
from gateway.settings import GatewaySettings, Upstream
from gateway.site import add_site, docs_router
from gateway.sockets import EventSocket
from shared.database import Database, make_engine, migrate
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


def create_app(settings: GatewaySettings | None = None) -> Front:
    """The gateway, by its settings; by those of the environment where none are given."""
    settings = settings or GatewaySettings()
    engine = make_engine(settings.effective_database_url, busy_timeout=settings.busy_timeout_seconds)
    database = Database(engine, waiting_writes=settings.waiting_writes)
    keys = Keys(database, session_days=settings.session_days)
    connections = Connections(settings)
    proxy = Proxy(settings, connections)
    background = Background()
    checks: dict[str, Check] = {"database": database.check, "background": background.check}
    for upstream in settings.upstreams.values():
        checks[upstream.name] = _check_of(connections, upstream)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(database.close)
            await asyncio.to_thread(migrate, engine, MIGRATIONS)
            await database.quick_check()
            if settings.auth == "on":
                await ensure_admin_key(keys, settings.effective_admin_key_file)
            connections.open()
            stack.push_async_callback(connections.close)
            stack.push_async_callback(_note_uses, keys)
            background.start(hub.run(), _note_uses_often(keys), _end_streams(app.state.drain, proxy))
            stack.push_async_callback(background.stop)
            yield

    app = create_web_app(
        title="Darkroom",
        description="Tag, keep, process and browse collections of images.",
        settings=settings,
        lifespan=lifespan,
        checks=checks,
        service_token="",
    )
    access = Access(settings, keys)
    hub = Hub(settings, access, keys, connections, app.state.metrics.registry)
    app.user_middleware.append(Middleware(Entrance, access=access))  # within what surrounds every request
    _add_routes(app, settings, keys, access, connections)
    app.state.server_options = {
        "ws": EventSocket,
        "ws_max_size": settings.socket_message_bytes,
        "ws_per_message_deflate": False,
        "ws_ping_interval": settings.socket_ping_seconds,
        "ws_ping_timeout": settings.socket_ping_seconds,
    }
    passage = Surroundings(
        Passage(settings, access, proxy),
        metrics=app.state.metrics,
        service_token="",
        access_log=settings.access_log,
    )
    return Front(app, _allow_origins(app, passage, settings), hub)


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


def _add_routes(
    app: FastAPI, settings: GatewaySettings, keys: Keys, access: Access, connections: Connections
) -> None:
    own = app.openapi
    app.openapi_url = None  # the merged document stands there instead
    documents = Documents(settings, connections, own)
    app.include_router(keys_router(keys))
    app.include_router(session_router(settings, keys, access))
    app.include_router(documents_router(documents))
    app.include_router(docs_router(settings))
    add_site(app)


def _check_of(connections: Connections, upstream: Upstream) -> Check:
    async def check() -> None:
        await connections.check(upstream)

    return check


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
