"""Packs: many blobs in one plain tar file, so that a million of them are some hundred files."""

import hashlib
import io
import tarfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

from shared.backup.holdings import Blob
from shared.blobs import BlobMissing, BlobStore

PACK_BYTES = 256 * 1024 * 1024
SMALL = 8 * 1024 * 1024  # up to this size several blobs are read at once, each whole
READERS = 8
AHEAD = 16


@dataclass(frozen=True, slots=True)
class Trouble:
    """A blob that is not as its row says. `gone`: it is not there."""

    blob: Blob
    gone: bool


@dataclass(frozen=True, slots=True)
class _Found:
    blob: Blob
    data: bytes | None  # None: gone, or too large to be read whole
    size: int
    digest: str = ""


class Packer:
    """Copies blobs of one store into packs; `done` is told of every finished pack."""

    def __init__(self, store: BlobStore, new_pack: Callable[[], Path], done: Callable[[Path], None]) -> None:
        self._store = store
        self._new_pack = new_pack
        self._done = done
        self._path: Path | None = None
        self._tar: tarfile.TarFile | None = None

    def copy(self, wanted: Iterable[Blob], copied: Callable[[int], None]) -> Iterator[Trouble]:
        """Copy all that are wanted, and tell of those that cannot be."""
        with ThreadPoolExecutor(READERS, "blobs") as readers:
            waiting: deque[Future[_Found]] = deque()
            for blob in wanted:
                waiting.append(readers.submit(self._read, blob))
                if len(waiting) == AHEAD:
                    yield from self._add(waiting.popleft().result(), copied)
            while waiting:
                yield from self._add(waiting.popleft().result(), copied)

    def __enter__(self) -> Self:
        """Ready to copy."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Finish the last pack, or let go of it."""
        if kind is None:
            self._finish()
        elif self._tar is not None:
            self._tar.close()

    def _finish(self) -> None:
        if self._tar is not None and self._path is not None:
            self._tar.close()
            self._done(self._path)
            self._tar = None

    def _read(self, blob: Blob) -> _Found:
        size = blob.size
        try:
            if size is None:
                known = self._store.stat(blob.key)
                if known is None:
                    return _Found(blob, None, -1)
                size = known.size
            if size > SMALL:
                return _Found(blob, None, size)
            data = self._store.read(blob.key)
        except BlobMissing:
            return _Found(blob, None, -1)
        return _Found(blob, data, len(data), hashlib.sha256(data).hexdigest())

    def _add(self, found: _Found, copied: Callable[[int], None]) -> Iterator[Trouble]:
        blob = found.blob
        if found.size < 0:
            yield Trouble(blob, gone=True)
            return
        if found.data is None:
            yield from self._add_large(blob, copied)
            return
        if not _is_as_told(blob, found.size, found.digest):
            yield Trouble(blob, gone=False)
            return
        self._write(blob.key, found.size, io.BytesIO(found.data))
        copied(found.size)

    def _add_large(self, blob: Blob, copied: Callable[[int], None]) -> Iterator[Trouble]:
        """In two readings: a pack holds no bytes that are not what they should be."""
        try:
            size, digest = _digest(self._store.chunks(blob.key))
            if not _is_as_told(blob, size, digest):
                yield Trouble(blob, gone=False)
                return
            self._write(blob.key, size, _Chunks(self._store.chunks(blob.key)))
        except BlobMissing:
            yield Trouble(blob, gone=True)
            return
        copied(size)

    def _write(self, key: str, size: int, source: "io.BytesIO | _Chunks") -> None:
        if self._tar is None:
            self._path = self._new_pack()
            self._tar = tarfile.open(self._path, "w", format=tarfile.GNU_FORMAT)  # noqa: SIM115 - closed in __exit__
        member = tarfile.TarInfo(key)
        member.size, member.mode = size, 0o600
        self._tar.addfile(member, source)  # type: ignore[arg-type]
        forget_members(self._tar)
        if self._tar.offset >= PACK_BYTES:
            self._finish()


class _Chunks:
    """A blob's bytes as a file to be read once."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = next(chunks, b"")  # BlobMissing comes here, before anything is written

    def read(self, size: int) -> bytes:
        """So many bytes, fewer at the end."""
        while len(self._rest) < size and (more := next(self._chunks, b"")):
            self._rest += more
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece


def forget_members(tar: tarfile.TarFile) -> None:
    """Let go of what the library remembers of every member that went through: nobody asks for it again."""
    remembered: list[tarfile.TarInfo] = tar.members  # type: ignore[attr-defined]
    remembered.clear()


def unpack(file: BinaryIO) -> Iterator[tuple[str, bytes | BinaryIO, int]]:
    """The blobs of a pack, one after the other: key, bytes or for large ones a file of them, and size."""
    with tarfile.open(fileobj=file, mode="r:") as tar:
        while (member := tar.next()) is not None:
            source = tar.extractfile(member)
            assert source is not None
            yield member.name, source.read() if member.size <= SMALL else source, member.size  # type: ignore[misc]
            forget_members(tar)


def _digest(chunks: Iterator[bytes]) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        digest.update(chunk)
        size += len(chunk)
    return size, digest.hexdigest()


def _is_as_told(blob: Blob, size: int, digest: str) -> bool:
    return blob.size in (None, size) and blob.digest in (None, digest)
