"""The SD-card browser's app: wires the parts, owns their beginning and end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from fastapi import FastAPI

from services.sdcard import camera_repository
from services.sdcard.camera_routes import camera_router
from services.sdcard.camera_threads import CameraThreads
from services.sdcard.cameras import Cameras
from services.sdcard.card_routes import card_router
from services.sdcard.cards import Cards
from services.sdcard.clip_routes import add_content_route, clip_router
from services.sdcard.clips import Clips, PictureSizes
from services.sdcard.figure_routes import figure_router
from services.sdcard.figures import Figures
from services.sdcard.job_routes import job_router
from services.sdcard.keeper import Keeper
from services.sdcard.limits import CameraLimits
from services.sdcard.links import Links
from services.sdcard.media import Media, MediaLimits
from services.sdcard.operator_figures import camera_figures
from services.sdcard.parts import Parts
from services.sdcard.registry import DefaultCredentials, Registry
from services.sdcard.scans import Handlers
from services.sdcard.seed import Seeds, read_seeds
from services.sdcard.settings import SdcardSettings
from services.sdcard.tables import events, jobs
from services.sdcard.vault import open_vault
from services.sdcard.work import COPY, SCAN, Work
from shared.caches import FileCache
from shared.clients.imagestore import ImageStoreClient
from shared.database import Database, make_engine, migrate
from shared.database.figures import database_figures
from shared.events import EventLog
from shared.jobs import JobBoard, JobRunner
from shared.web import app as scaffolding
from shared.web.event_stream import EventFeed, event_figures, event_router
from shared.workers import WorkerPool

MIGRATIONS = Path(__file__).parent / "migrations"
CHARTS_WAITING = 64


def create_app(settings: SdcardSettings | None = None) -> FastAPI:
    """The service, from the environment's settings unless given. No camera is connected to yet.

    Raises ValueError for settings, or a file of cameras, that cannot be.
    """
    settings = settings or SdcardSettings()
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    seeds = _seeds(settings)
    vault = open_vault(settings.home, settings.credentials_key.get_secret_value())
    database = _open_database(settings)
    log = EventLog("sdcard", events)
    defaults = DefaultCredentials(settings.camera_user, settings.camera_password.get_secret_value())
    registry = Registry(database, log, vault, seeds, defaults)
    cameras = Cameras(_camera_limits(settings))
    threads = CameraThreads(settings.camera_threads, settings.camera_waiting)
    links = Links(cameras, threads, database, log, registry)
    cards = Cards(database, log, registry, links, settings.stale_seconds)
    cache = FileCache(settings.home / "pictures", settings.picture_cache_bytes)
    sizes = PictureSizes(settings.thumbnail_side, settings.preview_side, settings.preview_frames)
    clips = Clips(database, links, Media(MediaLimits()), cache, sizes, settings.scan_connections)
    chart_pool = WorkerPool("charts", 1, CHARTS_WAITING)
    board = JobBoard(jobs, log, kept=timedelta(hours=settings.job_hours), max_waiting=settings.jobs_waiting)
    imagestore = ImageStoreClient(
        settings.effective_imagestore_url,
        service_token=settings.service_token.get_secret_value(),
        actor="sdcard",
    )
    handlers = Handlers(database, log, registry, cards, clips, imagestore)
    runner = JobRunner(
        database, board, {SCAN: handlers.scan, COPY: handlers.copy}, concurrent=settings.jobs_at_once
    )
    parts = Parts(
        settings=settings,
        registry=registry,
        cards=cards,
        clips=clips,
        figures=Figures(database, chart_pool),
        work=Work(database, board, runner.wake),
    )
    keeper = Keeper(database, log, board, settings.event_retention_days)
    alone = settings.effective_database_url.startswith("sqlite")

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await database.quick_check()
        await registry.seed()
        if alone:
            await database.write(camera_repository.free_claims)
        await runner.start(alone=alone)
        keeping = asyncio.create_task(keeper.run(settings.sweep_seconds))
        yield
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await runner.close()
        await cards.close()
        await links.close()
        await imagestore.http.aclose()
        await chart_pool.close()
        await database.close()

    app = scaffolding.create_app(
        title="Darkroom SD-card browser",
        description="Shows what is on the SD cards of cameras over SSH, without downloading it.",
        settings=settings,
        lifespan=lifespan,
        checks={"database": database.check},
    )
    app.state.metrics.add(lambda: database_figures(database))
    app.state.metrics.add(lambda: event_figures(database, log))
    app.state.metrics.add(lambda: camera_figures(database))
    feed = EventFeed(database, log, app.state.drain, settings.event_poll_seconds)
    add_content_route(app, parts)
    for router in (
        camera_router(parts),
        card_router(parts),
        clip_router(parts),
        figure_router(parts),
        job_router(parts),
        event_router(feed),
    ):
        app.include_router(router)
    return app


def _open_database(settings: SdcardSettings) -> Database:
    engine = make_engine(settings.effective_database_url, busy_timeout=settings.busy_timeout_seconds)
    migrate(engine, MIGRATIONS)
    return Database(engine, waiting_writes=settings.waiting_writes)


def _seeds(settings: SdcardSettings) -> Seeds:
    """Raises ValueError where the file of cameras is named and cannot be read."""
    if settings.config_ini is None:
        return Seeds({}, {})
    try:
        text = settings.config_ini.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ValueError(f"CONFIG_INI: {settings.config_ini}: {error.strerror}") from None
    return read_seeds(text)


def _camera_limits(settings: SdcardSettings) -> CameraLimits:
    return CameraLimits(
        networks=settings.camera_networks,
        sessions=settings.sessions,
        operations=settings.operations,
        connects_per_minute=settings.connects_per_minute,
        connect_seconds=settings.connect_seconds,
        banner_seconds=settings.banner_seconds,
        auth_seconds=settings.auth_seconds,
        channel_seconds=settings.channel_seconds,
        bytes_per_second=settings.bytes_per_second,
        keep_alive_seconds=settings.ssh_keep_alive_seconds,
        idle_seconds=settings.idle_seconds,
        backoff_seconds=settings.backoff_seconds,
        listing_entries=settings.listing_entries,
        window_bytes=settings.window_bytes,
    )
