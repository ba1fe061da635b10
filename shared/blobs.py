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
from typing import IO, Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import MemoryStore, ObjectStore, S3Store

from shared.errors import NotFound, Unavailable
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
    if parts.scheme == "memory":
        return StoredBlobs(MemoryStore(), staging)
    if parts.scheme == "s3":
        return StoredBlobs(_s3_store(parts.netloc, parts.path, dict(parse_qsl(parts.query))), staging)
    raise ValueError(f"DARKROOM_BLOBS_URL begins with file://, s3:// or memory://, not {parts.scheme}://")


def _s3_store(bucket: str, prefix: str, options: dict[str, str]) -> ObjectStore:
    config: dict[str, Any] = {"virtual_hosted_style_request": False}
    if "endpoint" in options:
        config["endpoint"] = options["endpoint"]
    if "region" in options:
        config["region"] = options["region"]
    plain = options.get("endpoint", "").startswith("http://")
    client = {"allow_http": plain, "timeout": "30s", "connect_timeout": "4s"}
    return S3Store(bucket, prefix=prefix.strip("/") or None, config=config, client_options=client)  # type: ignore[arg-type]


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


class StoredBlobs:
    """Any store that obstore speaks to: S3 and its like, or memory in tests."""

    def __init__(self, store: ObjectStore, staging: Path) -> None:
        self._store = store
        self.staging = staging
        self.staging.mkdir(parents=True, exist_ok=True)

    def put(self, key: str, source: bytes | Path, *, durable: bool = True) -> None:  # noqa: ARG002 - S3 always is
        """See BlobStore."""
        with _as_ours():
            obstore.put(self._store, key, source)

    def read(self, key: str, start: int = 0, end: int | None = None) -> bytes:
        """See BlobStore."""
        return b"".join(self.chunks(key, start, end))

    def chunks(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """See BlobStore."""
        if end is not None and end <= start:
            return
        wanted: Any = {"offset": start} if end is None else (start, end)
        whole = start == 0 and end is None
        with _as_ours():
            answer = obstore.get(self._store, key, options={} if whole else {"range": wanted})
            for chunk in answer.stream(min_chunk_size=CHUNK):
                yield bytes(chunk)

    def stat(self, key: str) -> BlobInfo | None:
        """See BlobStore."""
        try:
            with _as_ours():
                found = obstore.head(self._store, key)
        except BlobMissing:
            return None
        return BlobInfo(key, found["size"], found["last_modified"])

    def delete(self, key: str) -> None:
        """See BlobStore."""
        with contextlib.suppress(BlobMissing), _as_ours():
            obstore.delete(self._store, key)

    def scan(self, prefix: str) -> Iterator[BlobInfo]:
        """See BlobStore."""
        with _as_ours():
            for page in obstore.list(self._store, prefix):
                for found in page:
                    yield BlobInfo(found["path"], found["size"], found["last_modified"])

    def local_path(self, key: str) -> Path | None:  # noqa: ARG002 - there is none
        """See BlobStore."""
        return None

    def check(self) -> None:
        """See BlobStore."""
        with _as_ours():
            obstore.list_with_delimiter(self._store, ".check")


@contextlib.contextmanager
def _as_ours() -> Iterator[None]:
    try:
        yield
    except (NotFoundError, FileNotFoundError):
        raise BlobMissing("the stored bytes are gone") from None
    except BaseError as error:
        raise Unavailable("the blob store does not answer", code="blobs_unavailable") from error
