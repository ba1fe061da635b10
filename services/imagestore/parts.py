"""The image store's parts, made once by the app and handed to its routes."""

from dataclasses import dataclass

from services.imagestore.links import Links
from services.imagestore.pictures import Contents, Renditions
from services.imagestore.service import Catalogue
from services.imagestore.settings import ImageStoreSettings
from services.imagestore.uploads import Uploads
from shared.blobs import BlobStore


@dataclass(frozen=True, slots=True)
class Parts:
    """What the routes need."""

    settings: ImageStoreSettings
    blobs: BlobStore
    catalogue: Catalogue
    uploads: Uploads
    contents: Contents
    renditions: Renditions
    links: Links
