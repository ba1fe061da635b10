"""ZIP archives, written while they are read from the store: memory does not grow with them."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from zipstream import ZipStream

from services.imagestore.repository import Facts
from shared.blobs import CHUNK
from shared.errors import DarkroomError

ERRORS = "ERRORS.txt"
Entry = tuple[str, Facts | None]
Pieces = Callable[[str], Callable[[int, int], Iterator[bytes]]]


def stream_zip(entries: Sequence[Entry], pieces: Pieces) -> Iterator[bytes]:
    """A ZIP of the entries (name, content), stored as they are: pictures do not shrink.

    An entry without content, or whose bytes cannot be read, is left out and named in ERRORS.txt with
    the reason; so is one that breaks off later, of which the ZIP holds what came. Blocks while it reads.
    """
    archive = ZipStream()
    failed: list[str] = []
    for name, facts in entries:
        if facts is None:
            failed.append(f"{name}: there is no image of this name")
            continue
        reader = pieces(facts.digest)(0, facts.size)
        try:
            first = next(reader, b"")
        except (DarkroomError, OSError) as error:
            failed.append(f"{name}: its bytes cannot be read ({error})")
            continue
        if len(first) < min(facts.size, CHUNK):
            failed.append(f"{name}: its bytes are not whole")
            continue
        archive.add(_to_its_end(chain((first,), reader), name, facts.size, failed), name, size=facts.size)
        yield from archive.all_files()
    if failed:
        names = {name for name, _ in entries}
        archive.add("\n".join([*failed, ""]), free_name(ERRORS, names))
    yield from archive.finalize()


def _to_its_end(reader: Iterator[bytes], name: str, size: int, failed: list[str]) -> Iterator[bytes]:
    """What the reader gives; a file that breaks off is told of, and does not end the archive."""
    left = size
    try:
        for piece in reader:
            left -= len(piece)
            yield piece
    except (DarkroomError, OSError) as error:
        failed.append(f"{name}: only its first {size - left} of {size} bytes can be read ({error})")
    else:
        if left:
            failed.append(f"{name}: only its first {size - left} of {size} bytes are there")


def free_name(wanted: str, taken: set[str]) -> str:
    """`wanted`, with as many `_` in front as it takes to differ from all that are taken."""
    while wanted in taken:
        wanted = f"_{wanted}"
    return wanted
