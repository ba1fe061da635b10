"""The ZIP of a job's results, written while it is read from the store: memory does not grow with it."""

from collections.abc import Callable, Iterator
from itertools import chain

from zipstream import ZipStream

from services.processing.item_row import Item
from shared.blobs import BlobStore
from shared.errors import DarkroomError

ERRORS = "ERRORS.txt"


def stream_results(
    items: Iterator[Item], name_of: Callable[[Item], str], blobs: BlobStore
) -> Iterator[bytes]:
    """Finished results in their order, stored as they are: pictures do not shrink. Blocks while it reads.

    What is missing, and why, is in ERRORS.txt.
    """
    archive = ZipStream()
    failed: list[str] = []
    for item in items:
        if item.result is None:
            failed.append(f"{item.index} {item.name}: {_reason(item)}")
            continue
        pieces = blobs.chunks(item.result.key, 0, item.result.size)
        try:
            first = next(pieces, b"")
        except (DarkroomError, OSError) as error:
            failed.append(f"{item.index} {item.name}: its bytes cannot be read ({error})")
            continue
        archive.add(chain((first,), pieces), name_of(item), size=item.result.size)
        yield from archive.all_files()
    if failed:
        archive.add("\n".join([*failed, ""]), ERRORS)
    yield from archive.finalize()


def _reason(item: Item) -> str:
    if item.error is not None:
        return str(item.error.get("detail") or item.error.get("code"))
    return "cancelled" if item.state == "cancelled" else "not ready yet"
