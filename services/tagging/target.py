"""Target: the CSV on disk that a dataset is saved to. Written whole or not at all. Blocks."""

import glob
import hashlib
import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from services.tagging.repository import FileStamp

PIECE = 1 << 20
NEW_FILE_MODE = 0o644
LONGEST_NAME = 255  # bytes, on every file system that matters
LABELLED = "__labelled__"
TEMPORARY = ".tmp"


@dataclass(frozen=True, slots=True)
class Written:
    """A finished file beside the target, not yet in its place."""

    path: Path
    stamp: FileStamp


def labelled_name(name: str) -> str:
    """What a CSV is called in a folder of its own: trip.csv becomes trip__labelled__.csv."""
    stem, dot, suffix = name.rpartition(".")
    if not (dot and stem):
        stem, suffix = name, "csv"
    end = f"{LABELLED}.{_cut(suffix, 50)}"
    return _cut(stem, LONGEST_NAME - len(end.encode())) + end


def look(path: Path, *, digest: bool) -> FileStamp | None:
    """How the file is; None where it is not there. Its digest only if asked for: that reads it whole."""
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            text = hashlib.file_digest(file, "sha256").hexdigest() if digest else ""
    except FileNotFoundError:
        return None
    return FileStamp(found.st_size, found.st_mtime_ns, found.st_ino, text)


def is_known(path: Path, *known: FileStamp | None) -> bool:
    """Whether the file is one of those that we left there, or is not there at all.

    Size, time and inode tell as a rule; where they differ the digest does: a copy is no change.
    """
    found = look(path, digest=False)
    if found is None:
        return True
    stamps = [stamp for stamp in known if stamp is not None]
    if any(_same_file(found, stamp) for stamp in stamps):
        return True
    if not any(stamp.size == found.size for stamp in stamps):
        return False
    whole = look(path, digest=True)
    return whole is None or any(stamp.digest == whole.digest for stamp in stamps)


def is_there(path: Path, stamp: FileStamp) -> bool:
    """Whether the file is the very one that we left there, by size, time and inode."""
    found = look(path, digest=False)
    return found is not None and _same_file(found, stamp)


def _same_file(one: FileStamp, other: FileStamp) -> bool:
    return (one.size, one.modified_ns, one.inode) == (other.size, other.modified_ns, other.inode)


def write_beside(path: Path, pieces: Iterable[bytes], like: Path | None = None) -> Written:
    """Write and sync a temporary file in the target's folder, which is made if it is missing.

    Owner and mode are the target's, or else those of `like`. Raises OSError; then nothing is left.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=_prefix(path), suffix=TEMPORARY)
    try:
        digest = hashlib.sha256()
        with os.fdopen(descriptor, "wb", PIECE) as file:
            for piece in pieces:
                digest.update(piece)
                file.write(piece)
            file.flush()
            _take_over(file.fileno(), path, like)
            os.fsync(file.fileno())
            found = os.fstat(file.fileno())
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Written(Path(name), FileStamp(found.st_size, found.st_mtime_ns, found.st_ino, digest.hexdigest()))


def put_in_place(written: Written, path: Path) -> None:
    """Rename it to the target, and sync the folder. Raises OSError; then nothing is left beside it."""
    try:
        written.path.replace(path)
    except OSError:
        discard(written)
        raise
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def discard(written: Written) -> None:
    """Remove a file that is not to take the target's place after all."""
    written.path.unlink(missing_ok=True)


def sweep_leftovers(path: Path) -> None:
    """Remove what saves that were killed have left beside the target."""
    with suppress(OSError):
        for each in path.parent.glob(f"{glob.escape(_prefix(path))}*{TEMPORARY}"):
            each.unlink(missing_ok=True)


def _prefix(path: Path) -> str:
    return f".{_cut(path.name, 100)}."


def _cut(name: str, size: int) -> str:
    """The name's beginning, at most so many bytes."""
    name = name[:size]
    while len(os.fsencode(name)) > size:
        name = name[:-1]
    return name


def _take_over(descriptor: int, path: Path, like: Path | None) -> None:
    """Owner and mode; what we may not give away stays ours."""
    for model in (path, like):
        if model is None:
            continue
        with suppress(FileNotFoundError):
            found = model.stat()
            with suppress(PermissionError):
                os.fchown(descriptor, found.st_uid, found.st_gid)
            os.fchmod(descriptor, found.st_mode & 0o7777)
            return
    os.fchmod(descriptor, NEW_FILE_MODE)
