"""The processing service's parts, made once by the app and handed to its routes."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from services.processing.job_sweeper import JobSweeper
from services.processing.jobs import Jobs
from services.processing.pipelines import Pipelines
from services.processing.render_pool import RenderPool
from services.processing.settings import ProcessingSettings
from services.processing.watching import Watch
from shared.blobs import BlobStore
from shared.database import Database
from shared.events import EventLog
from shared.workers import WorkerPool


@dataclass(frozen=True, slots=True)
class Parts:
    """What the routes need. `renders` is for `POST /v1/process`, `store_pool` for blobs.

    `expecting`: held while a job's body is read, so that the workers come up meanwhile.
    """

    settings: ProcessingSettings
    database: Database
    blobs: BlobStore
    log: EventLog
    renders: RenderPool
    pipelines: Pipelines
    store_pool: WorkerPool
    jobs: Jobs
    watch: Watch
    sweeper: JobSweeper
    expecting: Callable[[], AbstractContextManager[None]]
