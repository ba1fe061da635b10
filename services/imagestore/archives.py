"""ZIP archives, written while they are read from the store: memory does not grow with them."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from zipstream import ZipStream

from services.imagestore.repository import Facts
from shared.errors import DarkroomError

ERRORS = "ERRORS.txt"
Entry = tuple[str, Facts | None]
Pieces = Callable[[str], Callable[[int, int], Iterator[bytes]]]


def stream_zip(entries: Sequence[Entry], pieces: Pieces) -> Iterator[bytes]:
    """A ZIP of the entries (name, content), stored as they are: pictures do not shrink.

    An entry without content, or whose bytes cannot be read, is left out and named in ERRORS.txt with
    the reason. Blocks while it reads.
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
        archive.add(chain((first,), reader), name, size=facts.size)
        yield from archive.all_files()
    if failed:
        names = {name for name, _ in entries}
        archive.add("\n".join([*failed, ""]), free_name(ERRORS, names))
    yield from archive.finalize()


def free_name(wanted: str, taken: set[str]) -> str:
    """`wanted`, with as many `_` in front as it takes to differ from all that are taken."""
    while wanted in taken:
        wanted = f"_{wanted}"
    return wanted
