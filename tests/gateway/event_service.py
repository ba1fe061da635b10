"""A service that has events and nothing else: the real table, feed and stream, behind a real server."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from pydantic_settings import SettingsConfigDict
from sqlalchemy import MetaData

from demo.ports import free_port
from shared.database import Database, make_engine
from shared.database.types import now
from shared.events import EventLog, events_table
from shared.settings import ServiceSettings
from shared.web.app import create_app
from shared.web.event_stream import EventFeed, event_router
from tests.gateway.serving import TOKEN, Serving

metadata = MetaData()
table = events_table(metadata)


class EventSettings(ServiceSettings):
    """As an imagestore's."""

    model_config = SettingsConfigDict(env_prefix="DARKROOM_IMAGESTORE_")
    port: int = 0


class EventService:
    """Can be stopped, started again on the same port and rows, and made to forget."""

    def __init__(self, folder: Path, extend: Callable[[FastAPI], None] = lambda _app: None) -> None:
        self._folder = folder
        self._extend = extend
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._serving: Serving | None = None
        self._engine = make_engine(f"sqlite:///{folder / 'events.db'}")
        metadata.create_all(self._engine)
        self._log = EventLog("imagestore", table)

    def start(self) -> "EventService":
        """Serve."""
        app = make_app(self._folder, self.port)
        self._extend(app)
        self._serving = Serving(app)
        return self

    def stop(self) -> None:
        """Serve no more."""
        if self._serving is not None:
            self._serving.stop()
            self._serving = None

    def close(self) -> None:
        """Stop, and let go of the rows."""
        self.stop()
        self._engine.dispose()

    def emit(self, *names: str, kind: str = "image.created", padding: int = 0) -> None:
        """Something happens to each of the names, in one transaction, as another process would do it."""
        with self._engine.begin() as connection:
            for name in names:
                self._log.append(connection, kind, f"images/{name}", {"padding": "x" * padding})

    def forget(self) -> None:
        """Drop all events but the newest."""
        with self._engine.begin() as connection:
            self._log.trim(connection, now() + timedelta(days=1))

    def begin_again(self) -> None:
        """As if the rows had been lost: sequences start from 1. Only while it is stopped."""
        metadata.drop_all(self._engine)
        metadata.create_all(self._engine)


ServeEvents = Callable[[], EventService]


def make_app(folder: Path, port: int) -> FastAPI:
    """The app of one start."""
    settings = EventSettings(
        port=port,
        data_dir=folder,
        service_token=TOKEN,
        access_log=False,
        drain_seconds=2,
        event_poll_seconds=0.05,
    )
    database = Database(make_engine(f"sqlite:///{folder / 'events.db'}"))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await database.close()

    app = create_app(title="Events", description="", settings=settings, lifespan=lifespan, checks={})
    app.state.settings = settings
    log = EventLog("imagestore", table)
    app.include_router(event_router(EventFeed(database, log, app.state.drain, settings.event_poll_seconds)))

    @app.get("/v1/now")
    async def moment() -> dict[str, Any]:
        return {"now": datetime.now(UTC), "loop": repr(asyncio.get_running_loop())}

    return app
