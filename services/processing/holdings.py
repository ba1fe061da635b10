"""What the processing service's rows stand for: for backups."""

from collections.abc import Iterator

from shared.backup.holdings import Blob, Holdings, Row
from shared.database.types import microseconds, now


class ItemBlobs:
    """An image's original and its result, each with its digest.

    Of a job whose time is over they may be gone: the sweeper takes the bytes first, then the rows.
    """

    def __init__(self) -> None:
        self._over: set[int] = set()

    def __call__(self, table: str, row: Row) -> Iterator[Blob]:
        """A row's blobs. Jobs are read before their items."""
        if table == "jobs" and row["expires_at"] is not None and row["expires_at"] <= microseconds(now()):
            self._over.add(row["id"])
        if table == "items":
            for what in ("original", "result"):
                key = row[f"{what}_key"]
                if key is not None:
                    needed = row["job_id"] not in self._over
                    yield Blob(key, row[f"{what}_size"], row[f"{what}_digest"], needed)


HOLDINGS = Holdings(has_blobs=True, blobs=ItemBlobs)
