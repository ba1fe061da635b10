"""Blobs: bytes under a key, whole or not at all. Local files, any S3-compatible store, or memory.

All calls block: use them in a thread. They raise BlobMissing for a key that is not there,
Unavailable when the store does not answer, and OSError (ENOSPC) when the disk is full.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Protocol
from urllib.parse import unquote, urlsplit

from shared.errors import NotFound
from shared.folders import DurableFolders

CHUNK = 256 * 1024
STAGING = ".staging"


class BlobMissing(NotFound):
    """No blob stands under the key."""

    code = "blob_missing"


@dataclass(frozen=True, slots=True)
class BlobInfo:
    """What a store knows of a blob: `size` in bytes, `modified` in UTC."""

    key: str
    size: int
    modified: datetime


class BlobStore(Protocol):
    """Where blobs live. Keys are relative paths of ASCII letters, digits, `-`, `_`, `.` and `/`."""

    staging: Path

    def put(self, key: str, source: bytes | Path, *, durable: bool = True) -> None:
        """Store bytes, or a file, which is left alone; on disk when it returns, if `durable`."""
        ...

    def put_new(self, key: str, source: bytes | Path) -> bool:
        """The same as `put`, unless something stands under the key: false then, and it is left as it is."""
        ...

    def read(self, key: str, start: int = 0, end: int | None = None) -> bytes:
        """The bytes from `start` up to (not including) `end`."""
        ...

    def chunks(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The same in pieces of about 256 KiB; BlobMissing is raised at the first."""
        ...

    def stat(self, key: str) -> BlobInfo | None:
        """What is known of the blob, or None."""
        ...

    def delete(self, key: str) -> None:
        """Remove the blob; one that is not there is fine."""
        ...

    def scan(self, prefix: str) -> Iterator[BlobInfo]:
        """All blobs whose key begins with the folder `prefix`."""
        ...

    def local_path(self, key: str) -> Path | None:
        """The file that holds the blob, to be read only; None where the store is not on this disk."""
        ...

    def check(self) -> None:
        """Raises when the store cannot be written to."""
        ...


def open_blobs(url: str, staging: Path) -> BlobStore:
    """The store for a URL: file:///folder, s3://bucket/prefix?endpoint=...&region=..., memory://.

    S3 credentials come from the AWS_* variables, as everywhere. `staging` is for files on their way
    to a store that is not on this disk.
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        return LocalBlobs(Path(unquote(parts.path)))
    if parts.scheme in {"memory", "s3"}:
        from shared import object_blobs  # obstore is 4 MiB, which a store on this disk does not need

        return object_blobs.open_objects(parts, staging)
    raise ValueError(f"DARKROOM_BLOBS_URL begins with file://, s3:// or memory://, not {parts.scheme}://")


class LocalBlobs:
    """Files below one folder: temporary file, fsync, rename, fsync of the folder.

    Not obstore's LocalStore: that one renames, but has no way to sync, and an acknowledged blob
    must outlive a power cut.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.staging = self.root / STAGING
        self.staging.mkdir(parents=True, exist_ok=True)
        self._folders = DurableFolders(str(self.root))

    def put(self, key: str, source: bytes | Path, *, durable: bool = True) -> None:
        """See BlobStore; a file on the same disk is linked, not copied: it must not be written to again."""
        # Plain strings and descriptors: many uploads at once wait for the interpreter, not for the disk.
        target = f"{self.root}/{key}"
        folder = target.rpartition("/")[0]
        staged = self._link(source) if isinstance(source, Path) else self._stage(source, durable=durable)
        try:
            if durable and isinstance(source, Path):
                _sync(staged)
            self._folders.make(folder, durable=durable)
            os.rename(staged, target)  # noqa: PTH104 - a string
        except BaseException:
            _remove(staged)
            raise
        if durable:
            self._folders.sync(folder)

    def put_new(self, key: str, source: bytes | Path) -> bool:
        """See BlobStore."""
        if self.stat(key) is not None:
            return False
        self.put(key, source)
        return True

    def read(self, key: str, start: int = 0, end: int | None = None) -> bytes:
        """See BlobStore."""
        with self._open(key) as file:
            if start:
                file.seek(start)
            return file.read() if end is None else file.read(end - start)

    def chunks(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """See BlobStore; the file stays readable to the end though the blob be deleted meanwhile."""
        with self._open(key) as file:
            file.seek(start)
            left = (end if end is not None else os.fstat(file.fileno()).st_size) - start
            while left > 0 and (chunk := file.read(min(CHUNK, left))):
                left -= len(chunk)
                yield chunk

    def stat(self, key: str) -> BlobInfo | None:
        """See BlobStore."""
        try:
            found = (self.root / key).stat()
        except FileNotFoundError:
            return None
        return BlobInfo(key, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    def delete(self, key: str) -> None:
        """See BlobStore."""
        (self.root / key).unlink(missing_ok=True)

    def scan(self, prefix: str) -> Iterator[BlobInfo]:
        """See BlobStore."""
        for folder, _, names in os.walk(self.root / prefix):
            for name in names:
                info = self.stat(str((Path(folder) / name).relative_to(self.root)))
                if info is not None:
                    yield info

    def local_path(self, key: str) -> Path | None:
        """See BlobStore."""
        return self.root / key

    def check(self) -> None:
        """See BlobStore."""
        with tempfile.TemporaryFile(dir=self.staging):
            pass

    def _open(self, key: str) -> IO[bytes]:
        try:
            return open(f"{self.root}/{key}", "rb", buffering=0)  # noqa: PTH123 - a string
        except FileNotFoundError:
            raise BlobMissing("the stored bytes are gone") from None

    def _stage(self, data: bytes, *, durable: bool) -> str:
        staged = self._new_name()
        descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(descriptor, left) :]
            if durable:
                os.fsync(descriptor)
        except BaseException:
            _remove(staged)
            raise
        finally:
            os.close(descriptor)
        return staged

    def _link(self, source: Path) -> str:
        staged = self._new_name()
        try:
            os.link(source, staged)
        except OSError:  # another disk, or one without links
            try:
                shutil.copyfile(source, staged)
            except BaseException:
                _remove(staged)
                raise
        return staged

    def _new_name(self) -> str:
        return f"{self.staging}/{os.urandom(16).hex()}"


def _remove(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108 - a string


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
