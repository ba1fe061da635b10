"""The processing service's app: wires the parts, owns their beginning and end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from services.processing.figures import work_figures
from services.processing.item_routes import add_byte_routes, archive_router
from services.processing.job_routes import job_router
from services.processing.job_sweeper import JobSweeper
from services.processing.jobs import Jobs, make_board
from services.processing.operation_routes import operation_router
from services.processing.parts import Parts
from services.processing.pipeline_routes import pipeline_router
from services.processing.pipelines import Pipelines
from services.processing.process_routes import AtOnce, add_process_route
from services.processing.render_pool import RenderPool
from services.processing.settings import ProcessingSettings
from services.processing.step_routes import add_step_route
from services.processing.tables import events
from services.processing.watching import Watch
from services.processing.workshop import Workshop
from shared.blobs import BlobStore, open_blobs
from shared.database import Database, make_engine, migrate
from shared.database.figures import database_figures
from shared.events import EventLog
from shared.staging import clear_staging
from shared.web import app as scaffolding
from shared.web.event_stream import EventFeed, event_figures, event_router
from shared.workers import WorkerPool

MIGRATIONS = Path(__file__).parent / "migrations"
STORE_THREADS = 8
STORE_WAITING = 4096


def create_app(settings: ProcessingSettings | None = None, blobs: BlobStore | None = None) -> FastAPI:
    """The service, from the environment's settings, and over the blob store that they name, unless given.

    Nothing is opened before it starts but its folder, its database and its blobs. Raises ValueError for
    settings that cannot be.
    """
    settings = settings or ProcessingSettings()
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = _open_database(settings)
    blobs = blobs or open_blobs(settings.effective_blobs_url, settings.home / "staging")
    # workers of a cluster go on with what they store though this process begins anew
    alone = settings.effective_database_url.startswith("sqlite") and not settings.dask_scheduler
    log = EventLog("processing", events)
    store_pool = WorkerPool("store", STORE_THREADS, STORE_WAITING)
    board = make_board(settings, log)
    sweeper = JobSweeper(database, board, log, blobs, settings.event_retention_days)
    workshop = Workshop(settings, database, board, blobs, store_pool, sweeper)
    renders = _renders(settings, workshop)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await database.quick_check()
        await asyncio.to_thread(clear_staging, blobs.staging, alone=alone)
        await workshop.start(app.state.drain)
        yield
        await workshop.close()
        await renders.close()
        await store_pool.close()
        await database.close()

    app = scaffolding.create_app(
        title="Darkroom processing",
        description="Runs any operations on any number of images, at once or as jobs.",
        settings=settings,
        lifespan=lifespan,
        checks={"database": database.check, "blobs": lambda: asyncio.to_thread(blobs.check)},
    )
    parts = Parts(
        settings=settings,
        database=database,
        blobs=blobs,
        log=log,
        renders=renders,
        pipelines=Pipelines(database, log, settings.limits),
        store_pool=store_pool,
        jobs=Jobs(database, board, workshop.runner, settings.waiting_jobs),
        watch=Watch(database, app.state.drain, settings.event_poll_seconds),
        sweeper=sweeper,
        expecting=workshop.expecting,
    )
    _add_figures(app, parts)
    _add_routes(app, parts)
    return app


def _renders(settings: ProcessingSettings, workshop: Workshop) -> RenderPool:
    return RenderPool(
        settings.process_threads,
        settings.process_waiting,
        settings.item_seconds,
        settings.worker_memory_bytes,
        settings.idle_seconds,
        cores_are_taken=lambda: workshop.takes_cores,
    )


def _add_figures(app: FastAPI, parts: Parts) -> None:
    app.state.metrics.add(lambda: database_figures(parts.database))
    app.state.metrics.add(lambda: event_figures(parts.database, parts.log))
    app.state.metrics.add(lambda: work_figures(parts.database))


def _add_routes(app: FastAPI, parts: Parts) -> None:
    settings = parts.settings
    feed = EventFeed(parts.database, parts.log, app.state.drain, settings.event_poll_seconds)
    add_process_route(app, AtOnce(settings, parts.renders, parts.pipelines, parts.blobs.staging))
    add_byte_routes(app, parts)
    add_step_route(app, parts)
    for router in (
        operation_router(settings.limits),
        pipeline_router(parts.pipelines),
        job_router(parts),
        archive_router(parts),
        event_router(feed),
    ):
        app.include_router(router)


def _open_database(settings: ProcessingSettings) -> Database:
    engine = make_engine(settings.effective_database_url, busy_timeout=settings.busy_timeout_seconds)
    migrate(engine, MIGRATIONS)
    return Database(engine, waiting_writes=settings.waiting_writes)
