"""The tagging service's app: wires the parts, owns their beginning and end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from fastapi import FastAPI

from services.tagging import repository
from services.tagging.autosave import Autosave
from services.tagging.columns import ColumnCache
from services.tagging.conflicts import Conflicts
from services.tagging.dataset_routes import dataset_router
from services.tagging.datasets import Datasets
from services.tagging.exports import Exports
from services.tagging.figures import work_figures
from services.tagging.file_routes import file_router
from services.tagging.image_routes import add_image_route, add_sheet_route
from services.tagging.imports import IMPORT, Imports
from services.tagging.intake import Intake
from services.tagging.intake_routes import intake_router
from services.tagging.job_routes import job_router
from services.tagging.label_routes import add_label_route, label_router
from services.tagging.labelling import Labels
from services.tagging.mirror import Mirror
from services.tagging.parts import Parts
from services.tagging.paths import Roots
from services.tagging.pictures import Pictures
from services.tagging.row_routes import row_router
from services.tagging.settings import TaggingSettings
from services.tagging.shelf import Shelf
from services.tagging.stored_images import StoredImages
from services.tagging.sweeper import Sweeper
from services.tagging.tables import events, jobs
from shared.blobs import BlobStore, open_blobs
from shared.caches import FileCache
from shared.clients.imagestore import ImageStoreClient
from shared.database import Database, make_engine, migrate
from shared.database.figures import database_figures
from shared.events import EventLog
from shared.imaging import ImageLimits
from shared.jobs import JobBoard, JobRunner
from shared.staging import clear_staging
from shared.web import app as scaffolding
from shared.web.event_stream import EventFeed, event_figures, event_router
from shared.workers import WorkerPool

MIGRATIONS = Path(__file__).parent / "migrations"
FILE_THREADS = 4
FILE_WAITING = 4096
IMPORTS_AT_ONCE = 2
UNFINISHED_SECONDS = 5.0  # how long a stop waits for imports that are almost done


def create_app(settings: TaggingSettings | None = None, blobs: BlobStore | None = None) -> FastAPI:
    """The service, from the environment's settings, and over the blob store that they name, unless given.

    Raises ValueError for settings that cannot be.
    """
    settings = settings or TaggingSettings()
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = make_engine(settings.effective_database_url, busy_timeout=settings.busy_timeout_seconds)
    migrate(engine, MIGRATIONS)
    database = Database(engine, waiting_writes=settings.waiting_writes)
    blobs = blobs or open_blobs(settings.effective_blobs_url, settings.home / "staging")
    store = ImageStoreClient(
        settings.effective_imagestore_url,
        service_token=settings.service_token.get_secret_value(),
        actor="tagging",
    )
    log = EventLog("tagging", events)
    pools = Pools(
        WorkerPool("file", FILE_THREADS, FILE_WAITING),
        WorkerPool("picture", settings.render_threads, settings.render_waiting),
    )
    parts = _wire(settings, database, blobs, store, log, pools)
    app = scaffolding.create_app(
        title="Darkroom tagging",
        description="Labels for rows of images, mirrored in the user's CSV.",
        settings=settings,
        lifespan=_lifespan(parts, store, log, pools),
        checks={"database": database.check, "blobs": lambda: asyncio.to_thread(blobs.check)},
    )
    app.state.metrics.add(lambda: database_figures(database))
    app.state.metrics.add(lambda: event_figures(database, log))
    app.state.metrics.add(lambda: work_figures(database))
    feed = EventFeed(database, log, app.state.drain, settings.event_poll_seconds)
    add_label_route(app, parts)
    add_image_route(app, parts)
    add_sheet_route(app, parts)
    for router in (
        intake_router(parts),
        dataset_router(parts),
        job_router(parts),
        row_router(parts),
        label_router(parts),
        file_router(parts),
        event_router(feed),
    ):
        app.include_router(router)
    return app


@dataclass(frozen=True, slots=True)
class Pools:
    """Threads for work that blocks."""

    files: WorkerPool
    pictures: WorkerPool


def _lifespan(
    parts: Parts, store: ImageStoreClient, log: EventLog, pools: Pools
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """What begins and ends with the app. At the end saves come after imports, and the rows last."""
    settings, database = parts.settings, parts.database
    alone = settings.effective_database_url.startswith("sqlite")
    sweeper = Sweeper(
        database,
        log,
        parts.board,
        parts.shelf,
        parts.imports,
        history_days=settings.history_days,
        event_days=settings.event_retention_days,
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await database.quick_check()
        await asyncio.to_thread(clear_staging, parts.blobs.staging, alone=alone)
        await _learn_policies(parts)
        await parts.runner.start(alone=alone)
        behind = [
            asyncio.create_task(parts.mirror.recover(alone=alone)),
            asyncio.create_task(sweeper.run(settings.sweep_seconds)),
        ]
        yield
        for task in behind:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await parts.autosave.close()
        await parts.runner.close(UNFINISHED_SECONDS)
        await parts.pictures.close()
        await parts.mirror.close()
        await store.http.aclose()
        await pools.pictures.close()
        await pools.files.close()
        await database.close()

    return lifespan


def _wire(
    settings: TaggingSettings,
    database: Database,
    blobs: BlobStore,
    store: ImageStoreClient,
    log: EventLog,
    pools: Pools,
) -> Parts:
    columns = ColumnCache(settings.column_cache_bytes)
    roots = Roots(settings.root_folders)
    shelf = Shelf(blobs)
    board = JobBoard(jobs, log, kept=timedelta(hours=settings.job_hours))
    imports = Imports(database, log, board, shelf, pools.files)
    mirror = Mirror(database, log, columns, shelf, pools.files)
    autosave = Autosave(mirror, database)
    datasets = Datasets(database, log, columns)
    stored = StoredImages(store)
    return Parts(
        settings=settings,
        database=database,
        blobs=blobs,
        board=board,
        runner=JobRunner(database, board, {IMPORT: imports.run}, concurrent=IMPORTS_AT_ONCE),
        datasets=datasets,
        labels=Labels(database, log, columns, autosave.changed),
        imports=imports,
        intake=Intake(settings, roots, shelf, blobs, imports, stored, pools.files),
        mirror=mirror,
        conflicts=Conflicts(
            database, log, columns, shelf, mirror, imports, roots, pools.files, most_bytes=settings.csv_bytes
        ),
        autosave=autosave,
        pictures=Pictures(
            datasets,
            roots,
            stored,
            FileCache(settings.home / "thumbnails", settings.rendition_cache_bytes),
            pools.pictures,
            ImageLimits(settings.image_pixels, settings.image_side),
            most_bytes=settings.image_bytes,
            hot_bytes=settings.hot_bytes,
            ahead=settings.ready_ahead,
        ),
        exports=Exports(database, columns, mirror, shelf, pools.files),
        shelf=shelf,
    )


async def _learn_policies(parts: Parts) -> None:
    """Which datasets save by themselves."""
    before = None
    while rows := await parts.database.read(lambda c, b=before: repository.page(c, b, 1000)):  # type: ignore[misc]
        for row in rows:
            parts.autosave.learn(row)
        before = rows[-1].id
