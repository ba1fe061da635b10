"""The processing service for tests: the whole app in process."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from httpx2 import Response
from starlette.testclient import TestClient

from services.processing.app import MIGRATIONS, create_app
from services.processing.operation_routes import operation_router
from services.processing.pipeline_routes import pipeline_router
from services.processing.pipelines import Pipelines
from services.processing.process_routes import AtOnce, add_process_route
from services.processing.render_pool import RenderPool
from services.processing.settings import ProcessingSettings
from services.processing.tables import events
from shared.blobs import open_blobs
from shared.database import Database, make_engine, migrate
from shared.events import EventLog
from shared.web import app as scaffolding
from shared.web.event_stream import EventFeed, event_router

TOKEN = "token-between-services"
GATEWAY = {
    "X-Darkroom-Service-Token": TOKEN,
    "X-Darkroom-Actor": "ada",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "photos.example",
    "X-Forwarded-Prefix": "/api/processing",
}


class Processing(TestClient):
    """Calls as the gateway makes them, for the key `ada`."""

    folder: Path

    def process(
        self,
        content: bytes | None,
        *steps: Any,
        name: str = "beach.png",
        headers: dict[str, str] | None = None,
        **fields: str,
    ) -> Response:
        """POST /v1/process; steps are names, or names with parameters."""
        plain = [
            {"operation": step} if isinstance(step, str) else {"operation": step[0], "parameters": step[1]}
            for step in steps
        ]
        files: list[tuple[str, Any]] = [(key, (None, value)) for key, value in fields.items()]
        if steps:
            files.append(("pipeline", (None, json.dumps(plain))))
        if content is not None:
            files.append(("image", (name, content)))
        return self.post("/v1/process", files=files, headers=headers)

    def events(self, after: int = 0) -> list[dict[str, Any]]:
        """What has happened, as CloudEvents."""
        text = self.get("/v1/events", params={"after": after, "follow": "false"}).text
        return [json.loads(block.split("data: ", 1)[1]) for block in text.split("\n\n")[1:] if block]

    def staged(self) -> list[Path]:
        """Temporary files."""
        return list((self.folder / "processing/blobs/.staging").iterdir())


MakeProcessing = Callable[..., Processing]


def start_processing(folder: Path, **given: Any) -> Processing:
    """The whole service, to be used as a context manager."""
    return _client(create_app(_settings(folder, given)), folder)


def start_at_once(folder: Path, **given: Any) -> Processing:
    """The service without jobs and their workers, which take seconds to start: what works at once."""
    settings = _settings(folder, given)
    settings.home.mkdir(parents=True, exist_ok=True)
    engine = make_engine(settings.effective_database_url)
    migrate(engine, MIGRATIONS)
    database = Database(engine)
    log = EventLog("processing", events)
    blobs = open_blobs(settings.effective_blobs_url, settings.home / "staging")
    memory = settings.worker_memory_bytes
    renders = RenderPool(settings.process_threads, settings.process_waiting, settings.item_seconds, memory)
    pipelines = Pipelines(database, log, settings.limits)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await renders.close()
        await database.close()

    app = scaffolding.create_app(
        title="At once", description="", settings=settings, lifespan=lifespan, checks={}
    )
    add_process_route(app, AtOnce(settings, renders, pipelines, blobs.staging))
    feed = EventFeed(database, log, app.state.drain, settings.event_poll_seconds)
    for router in (operation_router(settings.limits), pipeline_router(pipelines), event_router(feed)):
        app.include_router(router)
    return _client(app, folder)


def _settings(folder: Path, given: dict[str, Any]) -> ProcessingSettings:
    return ProcessingSettings(data_dir=folder, service_token=TOKEN, access_log=False, **given)


def _client(app: FastAPI, folder: Path) -> Processing:
    service = Processing(app, headers=GATEWAY, raise_server_exceptions=False)
    service.folder = folder
    return service
