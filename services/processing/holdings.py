"""What the processing service's rows stand for: for backups."""

from collections.abc import Iterator

from shared.backup.holdings import Blob, Holdings, Row


def blobs_of(table: str, row: Row) -> Iterator[Blob]:
    """An image's original and its result, each with its digest."""
    if table == "items":
        for what in ("original", "result"):
            key = row[f"{what}_key"]
            if key is not None:
                yield Blob(key, row[f"{what}_size"], row[f"{what}_digest"])


HOLDINGS = Holdings(has_blobs=True, blobs=blobs_of)
