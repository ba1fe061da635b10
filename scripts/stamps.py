"""What was made from what: a digest of the sources, kept beside the thing that was made from them."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def digest(root: Path, paths: Iterable[Path]) -> str:
    """SHA-256 over names (below `root`) and contents of all files at or under `paths`."""
    total = hashlib.sha256()
    for path in sorted(set(_files(paths))):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path.relative_to(root).as_posix()}\0{content}\n".encode())
    return total.hexdigest()


def is_current(stamp: Path, value: str) -> bool:
    """True when `stamp` says that the thing beside it was made from sources of this digest."""
    try:
        return stamp.read_text().strip() == value
    except OSError:
        return False


def _files(paths: Iterable[Path]) -> Iterable[Path]:
    for path in paths:
        if path.is_dir():
            yield from (found for found in path.rglob("*") if found.is_file())
        elif path.is_file():
            yield path
