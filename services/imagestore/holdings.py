"""What the image store's rows stand for: for backups."""

from collections.abc import Iterator

from services.imagestore.blob_keys import blob_key
from shared.backup.holdings import Blob, Holdings, Row


def blobs_of(table: str, row: Row) -> Iterator[Blob]:
    """Every content has its row in `blobs`; one that the sweeper is at is nobody's any more."""
    if table == "blobs" and row["doomed_at"] is None:
        yield Blob(blob_key(row["digest"]), row["size"], row["digest"])


HOLDINGS = Holdings(has_blobs=True, blobs=lambda: blobs_of)
