"""Workshop: the runner of jobs, the workers and the sweeper, from the service's start to its end."""

import asyncio
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from services.processing.dispatcher import Dispatcher
from services.processing.embedded import EmbeddedCluster, Engine, GivenScheduler, Tls
from services.processing.fetching import Fetcher
from services.processing.job_run import Means
from services.processing.job_sweeper import JobSweeper
from services.processing.job_work import JobWork
from services.processing.jobs import KIND
from services.processing.settings import ProcessingSettings
from services.processing.storing import Storing
from shared.blobs import BlobStore
from shared.clients.imagestore import ImageStoreClient
from shared.database import Database
from shared.jobs import JobBoard, JobRunner
from shared.web.drain import Drain
from shared.workers import WorkerPool


class Workshop:
    """Works on jobs between `start` and `close`; from the moment of draining it begins nothing more."""

    def __init__(
        self,
        settings: ProcessingSettings,
        database: Database,
        board: JobBoard,
        blobs: BlobStore,
        pool: WorkerPool,
        sweeper: JobSweeper,
    ) -> None:
        self._settings = settings
        self._sweeper = sweeper
        self._dispatcher = _dispatcher(settings)
        token = settings.service_token.get_secret_value()
        self._store = ImageStoreClient(
            settings.effective_imagestore_url, service_token=token, actor="processing"
        )
        means = Means(
            settings=settings,
            database=database,
            board=board,
            dispatcher=self._dispatcher,
            fetcher=Fetcher(self._store, blobs, pool, settings.image_bytes),
            staging=str(Path(blobs.staging).absolute()),
        )
        self._work = JobWork(means, Storing(database, self._store, blobs, pool))
        self.runner = JobRunner(
            database,
            board,
            {KIND: self._work.run},
            concurrent=settings.running_jobs,
            lease_seconds=settings.lease_seconds,
        )
        self._tasks: list[asyncio.Task[None]] = []
        self._ending = asyncio.Lock()

    async def start(self, drain: Drain) -> None:
        """Take up jobs. Workers of our own come up with the first one, which waits for them."""
        self._dispatcher.start(now=bool(self._settings.dask_scheduler))
        await self.runner.start(alone=self._settings.effective_database_url.startswith("sqlite"))
        self._tasks = [
            asyncio.create_task(self._sweeper.run(self._settings.sweep_seconds)),
            asyncio.create_task(self._end_with(drain)),
        ]

    def expecting(self) -> AbstractContextManager[None]:
        """While a job is on its way here, the workers may come already."""
        return self._dispatcher.needed()

    @property
    def takes_cores(self) -> bool:
        """Whether jobs are at work on this machine's cores."""
        return self._dispatcher.is_needed and not self._settings.dask_scheduler

    async def close(self) -> None:
        """Finish what workers are at, give the rest back, end the workers."""
        await self._end()
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self._dispatcher.close()
        await self._store.http.aclose()

    async def _end_with(self, drain: Drain) -> None:
        """The time to finish runs from the signal on, and not from the end of the last request."""
        await drain.wait()
        await self._end()

    async def _end(self) -> None:
        async with self._ending:
            self._work.stop()
            self._dispatcher.refuse()
            await self.runner.close(self._settings.drain_seconds)


def _dispatcher(settings: ProcessingSettings) -> Dispatcher:
    engine: Engine
    if not settings.dask_scheduler:
        engine = EmbeddedCluster(settings.workers, settings.worker_memory_bytes)
        return Dispatcher(engine, idle_seconds=settings.idle_seconds)
    engine = GivenScheduler(settings.dask_scheduler)
    if settings.dask_tls_ca is None:
        return Dispatcher(engine)
    return Dispatcher(engine, Tls(settings.dask_tls_ca, settings.dask_tls_cert, settings.dask_tls_key))
