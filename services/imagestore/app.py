"""The image store's app: wires the parts, owns their beginning and end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from fastapi import FastAPI

from services.imagestore.content_routes import add_content_routes
from services.imagestore.image_routes import image_router
from services.imagestore.link_routes import sharing_router
from services.imagestore.links import Links
from services.imagestore.parts import Parts
from services.imagestore.pictures import Contents, Renditions
from services.imagestore.search_routes import search_router
from services.imagestore.service import Catalogue
from services.imagestore.settings import ImageStoreSettings
from services.imagestore.share_routes import share_router, shared_bytes_router
from services.imagestore.sweeper import Sweeper
from services.imagestore.trash_routes import trash_router
from services.imagestore.upload_routes import add_put_route, upload_router
from services.imagestore.uploads import Uploads
from shared.blobs import BlobStore, open_blobs
from shared.caches import ByteCache, FileCache
from shared.database import Database, make_engine, migrate
from shared.database.figures import database_figures
from shared.imaging import ImageLimits
from shared.staging import clear_staging
from shared.web import app as scaffolding
from shared.web.event_stream import EventFeed, event_figures, event_router
from shared.workers import WorkerPool

MIGRATIONS = Path(__file__).parent / "migrations"
STORE_THREADS = 8
STORE_WAITING = 4096


def create_app(settings: ImageStoreSettings | None = None, blobs: BlobStore | None = None) -> FastAPI:
    """The service, from the environment's settings, and over the blob store that they name, unless given.

    Nothing is opened before it starts but its folder, its database and its blobs. Raises ValueError for
    settings that cannot be.
    """
    settings = settings or ImageStoreSettings()
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = _open_database(settings)
    blobs = blobs or open_blobs(settings.effective_blobs_url, settings.home / "staging")
    store_pool = WorkerPool("store", STORE_THREADS, STORE_WAITING)
    render_pool = WorkerPool("render", settings.render_threads, settings.render_waiting)
    parts = _wire(settings, database, blobs, store_pool, render_pool)
    alone = settings.effective_database_url.startswith("sqlite")
    sweeper = Sweeper(
        parts.catalogue,
        database,
        blobs,
        orphan_hours=settings.orphan_hours,
        event_days=settings.event_retention_days,
        alone=alone,
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await database.quick_check()
        await asyncio.to_thread(clear_staging, blobs.staging, alone=alone)
        sweeping = asyncio.create_task(sweeper.run(settings.sweep_seconds))
        yield
        sweeping.cancel()
        with suppress(asyncio.CancelledError):
            await sweeping
        await render_pool.close()
        await parts.renditions.close()
        await store_pool.close()
        await database.close()

    app = scaffolding.create_app(
        title="Darkroom image store",
        description="Keeps images by name and content, finds them, serves them in any size, and shares them.",
        settings=settings,
        lifespan=lifespan,
        checks={"database": database.check, "blobs": lambda: asyncio.to_thread(blobs.check)},
    )
    app.state.metrics.add(lambda: database_figures(database))
    app.state.metrics.add(lambda: event_figures(database, parts.catalogue.log))
    feed = EventFeed(database, parts.catalogue.log, app.state.drain, settings.event_poll_seconds)
    add_content_routes(app, parts)
    add_put_route(app, parts)
    for router in (
        search_router(parts),
        image_router(parts),
        upload_router(parts),
        trash_router(parts),
        sharing_router(parts),
        share_router(parts),
        shared_bytes_router(parts),
        event_router(feed),
    ):
        app.include_router(router)
    return app


def _open_database(settings: ImageStoreSettings) -> Database:
    engine = make_engine(settings.effective_database_url, busy_timeout=settings.busy_timeout_seconds)
    migrate(engine, MIGRATIONS)
    return Database(engine, waiting_writes=settings.waiting_writes)


def _wire(
    settings: ImageStoreSettings,
    database: Database,
    blobs: BlobStore,
    store_pool: WorkerPool,
    render_pool: WorkerPool,
) -> Parts:
    limits = ImageLimits(settings.image_pixels, settings.image_side)
    hot = ByteCache(settings.hot_bytes)
    catalogue = Catalogue(database, settings.trash_days)
    cache = FileCache(settings.home / "renditions", settings.rendition_cache_bytes)
    return Parts(
        settings=settings,
        blobs=blobs,
        catalogue=catalogue,
        uploads=Uploads(catalogue, database, blobs, store_pool, limits, orphan_hours=settings.orphan_hours),
        contents=Contents(catalogue, database, blobs, store_pool, hot),
        renditions=Renditions(blobs, cache, hot, render_pool, limits),
        links=Links(database, settings.link_days, settings.link_attempts_per_minute),
    )
