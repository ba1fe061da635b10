"""Caches: bytes in memory, files below a folder, and one computation for all who wait for it."""

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

from cachetools import LRUCache

from shared.blobs import STAGING
from shared.staging import clear_staging

T = TypeVar("T")


class ByteCache:
    """Bytes by key, at most `capacity` of them in all; the longest unused go first. For any thread."""

    def __init__(self, capacity: int) -> None:
        self._entries: LRUCache[str, bytes] = LRUCache(capacity, getsizeof=len)
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        """The bytes, or None."""
        with self._lock:
            return self._entries.get(key)

    def put(self, key: str, data: bytes) -> None:
        """Remember the bytes, unless they are over a quarter of the whole cache."""
        if len(data) <= self._entries.maxsize / 4:
            with self._lock:
                self._entries[key] = data


class _FileIndex(LRUCache[str, int]):
    """Sizes of cached files by key; one that has to go takes its file with it."""

    def __init__(self, capacity: int, path_of: Callable[[str], Path]) -> None:
        super().__init__(capacity, getsizeof=lambda size: size)
        self._path_of = path_of

    def popitem(self) -> tuple[str, int]:
        """Drop the longest unused file."""
        key, size = super().popitem()
        self._path_of(key).unlink(missing_ok=True)
        return key, size


class FileCache:
    """Files by key below one folder, at most `capacity` bytes in all. Blocks: use it in a thread.

    Not durable: it holds only what can be made again. Keys are relative paths, safe as they are.
    """

    def __init__(self, folder: Path, capacity: int) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._index = _FileIndex(capacity, lambda key: folder / key)
        (folder / STAGING).mkdir(parents=True, exist_ok=True)
        self._take_stock()

    def get(self, key: str) -> bytes | None:
        """The bytes, or None."""
        with self._lock:
            if self._index.get(key) is None:
                return None
        with suppress(OSError):
            return (self._folder / key).read_bytes()
        with self._lock:
            self._index.pop(key, None)
        return None

    def holds(self, key: str) -> bool:
        """Whether the bytes are there, as far as is known without looking at the disk."""
        with self._lock:
            return key in self._index

    def put(self, key: str, data: bytes) -> None:
        """Keep the bytes if they fit; a cache that cannot write is only slower."""
        if len(data) > self._index.maxsize:
            return
        with suppress(OSError):
            self._write(self._folder / key, data)
            with self._lock:
                self._index[key] = len(data)

    def _write(self, path: Path, data: bytes) -> None:
        staged = f"{self._folder}/{STAGING}/{os.urandom(16).hex()}"
        try:
            descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                left = memoryview(data)
                while left:
                    left = left[file.write(left) :]
            try:
                os.rename(staged, path)  # noqa: PTH104 - a string
            except FileNotFoundError:  # the first one of its folder
                path.parent.mkdir(parents=True, exist_ok=True)
                os.rename(staged, path)  # noqa: PTH104 - a string
        except OSError:
            Path(staged).unlink(missing_ok=True)
            raise

    def _take_stock(self) -> None:
        """What an earlier run left, oldest first, so that the newest stay."""
        found: list[tuple[float, str, int]] = []
        for folder, subfolders, names in os.walk(self._folder):
            if Path(folder).name == STAGING:
                subfolders.clear()
                clear_staging(Path(folder), alone=False)
                continue
            for name in names:
                path = Path(folder) / name
                with suppress(FileNotFoundError):  # another replica dropped it
                    state = path.stat()
                    found.append((state.st_mtime, str(path.relative_to(self._folder)), state.st_size))
        for _, key, size in sorted(found):
            if size <= self._index.maxsize:
                self._index[key] = size
            else:
                (self._folder / key).unlink(missing_ok=True)


class SingleFlight(Generic[T]):
    """Several callers that want the same thing at the same time cause one computation of it."""

    def __init__(self) -> None:
        self._flights: dict[str, asyncio.Task[T]] = {}

    def under_way(self, key: str) -> bool:
        """Whether somebody waits for that already."""
        return key in self._flights

    async def do(self, key: str, compute: Callable[[], Awaitable[T]]) -> T:
        """The result of `compute`, which runs once for all who ask meanwhile.

        It ends even if the first caller goes away: others may wait for it, and it may be kept.
        """
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.ensure_future(compute())
            self._flights[key] = flight
            flight.add_done_callback(lambda done: self._land(key, done))
        return await asyncio.shield(flight)

    def _land(self, key: str, done: "asyncio.Task[T]") -> None:
        del self._flights[key]
        if not done.cancelled():
            done.exception()  # seen, also where every caller has gone
