"""Boxes: a backup is a folder, or the same files in one tar. It is there when it is whole, and not before.

`SHA256SUMS` names every file (`sha256sum -c SHA256SUMS` checks them without Darkroom); it is written last.
"""

import fcntl
import hashlib
import os
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from shared.backup.errors import BackupError, Damaged

SUMS = "SHA256SUMS"
PIECE = 1 << 20


class NewBox:
    """A backup that is being made beside its place. Files are handed over whole, by `keep`."""

    def __init__(self, target: Path) -> None:
        self._target = target.absolute()
        self._is_tar = target.suffix == ".tar"
        self.work = self._target.with_name(f".{target.name}.partial")
        self._sums: dict[str, str] = {}
        self._tar: tarfile.TarFile | None = None
        self._size = 0

    @property
    def size(self) -> int:
        """Bytes handed over so far."""
        return self._size

    @contextmanager
    def open(self) -> Iterator["NewBox"]:
        """Raises BackupError where the target is there, or somebody else is making it."""
        if self._target.exists():
            raise BackupError(f"{self._target} is there already; choose another name")
        self._target.parent.mkdir(parents=True, exist_ok=True)
        self.work.mkdir(mode=0o700, exist_ok=True)
        lock = os.open(self.work, os.O_RDONLY)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BackupError(f"another backup to {self._target} is under way") from None
            self._clear()
            try:
                yield self
            except BaseException:
                if self._tar is not None:
                    self._tar.close()
                shutil.rmtree(self.work, ignore_errors=True)
                raise
        finally:
            os.close(lock)

    def _clear(self) -> None:
        """What a command that was killed has left."""
        for entry in self.work.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        if self._is_tar:
            self._tar = tarfile.open(self.work / "whole.tar", "w", format=tarfile.GNU_FORMAT)  # noqa: SIM115

    def path(self, name: str) -> Path:
        """Where to write a file before it is kept."""
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def keep(self, name: str) -> None:
        """The file is whole: it belongs to the backup from now on, on disk."""
        path = self.work / name
        with path.open("rb") as file:
            self._sums[name] = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        self._size += path.stat().st_size
        if self._tar is not None:
            self._tar.add(path, name)
            path.unlink()

    def finish(self) -> None:
        """Everything is kept: say so, and put the backup in its place."""
        sums = self.path(SUMS)
        sums.write_text("".join(f"{digest}  {name}\n" for name, digest in sorted(self._sums.items())))
        self.keep(SUMS)
        whole = self.work
        if self._tar is not None:
            self._tar.close()
            whole = self.work / "whole.tar"
            whole.chmod(0o600)
            _sync(whole)
        else:
            for folder, _, _ in os.walk(self.work):
                _sync(Path(folder))
        os.rename(whole, self._target)  # noqa: PTH104 - beside the target: not across file systems
        if self._tar is not None:
            shutil.rmtree(self.work)
        _sync(self._target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Box(Protocol):
    """A backup to be read."""

    def names(self) -> list[str]:
        """Its files."""
        ...

    def open(self, name: str) -> BinaryIO:
        """One of them. Raises KeyError or FileNotFoundError."""
        ...


class FolderBox:
    """A backup as a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> list[str]:
        """See Box."""
        found = (path for path in self._folder.rglob("*") if path.is_file())
        return sorted(str(path.relative_to(self._folder)) for path in found)

    def open(self, name: str) -> BinaryIO:
        """See Box."""
        return (self._folder / name).open("rb")


class TarBox:
    """A backup as one tar."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self._members = {member.name: member for member in tar.getmembers()}

    def names(self) -> list[str]:
        """See Box."""
        return sorted(self._members)

    def open(self, name: str) -> BinaryIO:
        """See Box."""
        return cast("BinaryIO", self._tar.extractfile(self._members[name]))


@contextmanager
def open_box(source: Path) -> Iterator[Box]:
    """The backup there. Raises BackupError where none is, or an unfinished one."""
    if not source.exists():
        raise BackupError(f"there is no {source}")
    try:
        with ExitStack() as stack:
            box: Box = FolderBox(source)
            if not source.is_dir():
                box = TarBox(stack.enter_context(tarfile.open(source, "r:")))
            if SUMS not in box.names():
                raise BackupError(f"{source} is no backup, or not a whole one: it has no {SUMS}")
            yield box
    except tarfile.TarError as error:
        raise BackupError(f"{source} is no backup, or not a whole one: {error}") from None


def check(box: Box, checked: Callable[[int], None]) -> None:
    """Compare every file with its digest. Raises Damaged."""
    with box.open(SUMS) as file:
        lines = file.read().decode().splitlines()
    for digest, _, name in (line.partition("  ") for line in lines):
        try:
            found = _digest(box, name, checked)
        except (KeyError, FileNotFoundError):
            raise Damaged(f"the backup is damaged: {name} is missing") from None
        if found != digest:
            raise Damaged(f"the backup is damaged: {name} is not what was written")


def _digest(box: Box, name: str, checked: Callable[[int], None]) -> str:
    digest = hashlib.sha256()
    with box.open(name) as file:
        while piece := file.read(PIECE):
            digest.update(piece)
            checked(len(piece))
    return digest.hexdigest()
