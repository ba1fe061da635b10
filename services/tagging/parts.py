"""The tagging service's parts, made once by the app and handed to its routes."""

from dataclasses import dataclass

from services.tagging.autosave import Autosave
from services.tagging.conflicts import Conflicts
from services.tagging.datasets import Datasets
from services.tagging.exports import Exports
from services.tagging.imports import Imports
from services.tagging.intake import Intake
from services.tagging.labelling import Labels
from services.tagging.mirror import Mirror
from services.tagging.pictures import Pictures
from services.tagging.settings import TaggingSettings
from services.tagging.shelf import Shelf
from shared.blobs import BlobStore
from shared.database import Database
from shared.jobs import JobBoard, JobRunner


@dataclass(frozen=True, slots=True)
class Parts:
    """What the routes need."""

    settings: TaggingSettings
    database: Database
    blobs: BlobStore
    board: JobBoard
    runner: JobRunner
    datasets: Datasets
    labels: Labels
    imports: Imports
    intake: Intake
    mirror: Mirror
    conflicts: Conflicts
    autosave: Autosave
    pictures: Pictures
    exports: Exports
    shelf: Shelf
