"""Makes the service's parts and joins them, and lets go of them in the right order."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from services.sdcard import camera_repository
from services.sdcard.camera_threads import CameraThreads
from services.sdcard.cameras import Cameras
from services.sdcard.cards import Cards
from services.sdcard.clips import Clips, PictureSizes
from services.sdcard.figures import Figures
from services.sdcard.keeper import Keeper
from services.sdcard.limits import CameraLimits
from services.sdcard.links import Links
from services.sdcard.media import Media, MediaLimits
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
from shared.events import EventLog
from shared.jobs import JobBoard, JobRunner
from shared.workers import WorkerPool

MIGRATIONS = Path(__file__).parent / "migrations"
CHARTS_WAITING = 64


@dataclass(frozen=True, slots=True)
class Wiring:
    """The parts that have a beginning or an end of their own, beside those that routes use."""

    database: Database
    log: EventLog
    parts: Parts
    runner: JobRunner
    keeper: Keeper
    links: Links
    imagestore: ImageStoreClient
    chart_pool: WorkerPool
    alone: bool
    """No other process works on the same rows."""

    async def start(self) -> None:
        """Cameras from the file of cameras, and the work that was left."""
        await self.database.quick_check()
        await self.parts.registry.seed()
        if self.alone:
            await self.database.write(camera_repository.free_claims)
        await self.runner.start(alone=self.alone)

    async def close(self) -> None:
        """End work first, then what it stands on."""
        await self.runner.close()
        await self.parts.cards.close()
        await self.links.close()
        await self.imagestore.http.aclose()
        await self.chart_pool.close()
        await self.database.close()


def wire(settings: SdcardSettings) -> Wiring:
    """All parts; no camera is connected to yet. Raises ValueError for what cannot be read."""
    seeds = _seeds(settings)
    vault = open_vault(settings.home, settings.credentials_key.get_secret_value())
    database = _open_database(settings)
    log = EventLog("sdcard", events)
    defaults = DefaultCredentials(settings.camera_user, settings.camera_password.get_secret_value())
    registry = Registry(database, log, vault, seeds, defaults)
    threads = CameraThreads(settings.camera_threads, settings.camera_waiting)
    links = Links(Cameras(_camera_limits(settings)), threads, database, log, registry)
    cards = Cards(database, log, registry, links, settings.stale_seconds)
    clips = _clips(settings, database, links)
    chart_pool = WorkerPool("charts", 1, CHARTS_WAITING)
    board = JobBoard(jobs, log, kept=timedelta(hours=settings.job_hours), max_waiting=settings.jobs_waiting)
    imagestore = _imagestore(settings)
    handlers = Handlers(database, log, registry, cards, clips, imagestore)
    work = {SCAN: handlers.scan, COPY: handlers.copy}
    runner = JobRunner(database, board, work, concurrent=settings.jobs_at_once)
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
    return Wiring(database, log, parts, runner, keeper, links, imagestore, chart_pool, alone)


def _clips(settings: SdcardSettings, database: Database, links: Links) -> Clips:
    cache = FileCache(settings.home / "pictures", settings.picture_cache_bytes)
    sizes = PictureSizes(settings.thumbnail_side, settings.preview_side, settings.preview_frames)
    return Clips(database, links, Media(MediaLimits()), cache, sizes, settings.scan_connections)


def _imagestore(settings: SdcardSettings) -> ImageStoreClient:
    return ImageStoreClient(
        settings.effective_imagestore_url,
        service_token=settings.service_token.get_secret_value(),
        actor="sdcard",
    )


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
