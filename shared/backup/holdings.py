"""Holdings: what a deployable's rows stand for outside of its database, as its holdings.py says."""

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Blob:
    """A blob that a row names. `size` in bytes and `digest` (SHA-256) where the row knows them.

    One that is not `needed` may be missing: the row does without.
    """

    key: str
    size: int | None = None
    digest: str | None = None
    needed: bool = True


BlobsOf = Callable[[str, Row], Iterable[Blob]]


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that a row names, taken only where it is as the row says: below the data folder, by digest."""

    path: Path
    digest: str


@dataclass(frozen=True, slots=True)
class Move:
    """From where to where rows are restored: two data folders, and the files that came along, by new path."""

    before: str
    after: str
    files: frozenset[str]

    def path(self, text: str) -> str:
        """A path as it is called now. One that was not below the data folder stays as it is."""
        if not text.startswith(f"{self.before}/"):
            return text
        return f"{self.after}{text[len(self.before) :]}"


def _nothing(_table: str, _row: Row) -> Iterable[Any]:
    return ()


def _no_blobs() -> BlobsOf:
    return _nothing


def _as_it_is(_table: str, row: Row, _move: Move) -> Row:
    return row


@dataclass(frozen=True, slots=True)
class Holdings:
    """What backups have to know of a deployable.

    `blobs`, made anew for each reading of the rows, which are read in the order of their references, and
    `files` name what a row stands for; `moved` is the row as it is to be in another data
    folder; `secrets` are files below the data folder that it cannot do without.
    """

    has_blobs: bool = False
    blobs: Callable[[], BlobsOf] = field(default=_no_blobs)
    files: Callable[[str, Row], Iterable[KeptFile]] = field(default=_nothing)
    moved: Callable[[str, Row, Move], Row] = field(default=_as_it_is)
    secrets: tuple[str, ...] = ()


def holdings_of(name: str) -> Holdings:
    """What the gateway or a service says of itself. Raises ModuleNotFoundError where it is not installed."""
    module = importlib.import_module(f"{package_of(name)}.holdings")
    found: Holdings = module.HOLDINGS
    return found


def package_of(name: str) -> str:
    """The package of a deployable."""
    return "gateway" if name == "gateway" else f"services.{name}"
