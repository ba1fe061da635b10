"""A file as FFmpeg reads it, made of the few pieces that were fetched: a block cache that knows its gaps."""

import io
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Protocol

BLOCK = 16 * 1024


class Readable(Protocol):
    """A file on a camera, or one like it."""

    @property
    def size(self) -> int:
        """Bytes."""

    def read_at(self, offset: int, length: int) -> bytes:
        """So many bytes, fewer only at the end."""

    def read_many(self, spans: Sequence[tuple[int, int]]) -> list[bytes]:
        """Several pieces in the time of one."""


class TooMuch(ValueError):
    """More would have to be read than is allowed."""


class RemoteView:
    """What is read is kept, in blocks that are fetched when they are missed, up to `budget` bytes in all.

    After `seal()` nothing is fetched any more: what was not is zeros. So FFmpeg can be given the index
    alone, while it believes that it has the whole file.
    """

    def __init__(self, file: Readable, budget: int) -> None:
        self.size = file.size
        self.fetched = 0
        self._file = file
        self._budget = budget
        self._starts: list[int] = []
        self._pieces: list[bytes] = []
        self._masks: dict[int, bytes] = {}
        self._sealed = False
        self._at = 0

    def copy(self) -> "RemoteView":
        """Another view of the same pieces, to be masked and sealed without this one."""
        other = RemoteView(self._file, self._budget - self.fetched)
        other._starts, other._pieces = self._starts, self._pieces
        return other

    def fetch(self, spans: Iterable[tuple[int, int]]) -> None:
        """Have these pieces, in one round trip. Raises TooMuch, and the file's own errors."""
        wanted = [span for span in map(self._clipped, spans) if span[1] > 0 and not self._has(*span)]
        self.fetched += sum(length for _, length in wanted)
        if self.fetched > self._budget:
            raise TooMuch("more of it would have to be read than is allowed")
        if wanted:
            for (offset, _), data in zip(wanted, self._file.read_many(wanted), strict=True):
                self._keep(offset, data)

    def get(self, offset: int, length: int) -> bytes:
        """These bytes, fetched if need be, by blocks: what is near is asked for next."""
        _, length = self._clipped((offset, length))
        if length > 0 and not self._has(offset, length):
            start = offset // BLOCK * BLOCK
            self.fetch([(start, -(-(offset + length) // BLOCK) * BLOCK - start)])
        return self._collect(offset, length)

    def mask(self, offset: int, data: bytes) -> None:
        """Show these bytes in place of the file's own."""
        self._masks[offset] = data

    def seal(self) -> None:
        """Fetch no more."""
        self._sealed = True

    def read(self, length: int = -1) -> bytes:
        """As of a file."""
        length = self._clipped((self._at, self.size if length < 0 else length))[1]
        data = self._collect(self._at, length) if self._sealed else self.get(self._at, length)
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As of a file."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def tell(self) -> int:
        """As of a file."""
        return self._at

    def _clipped(self, span: tuple[int, int]) -> tuple[int, int]:
        offset, length = span
        return offset, max(min(length, self.size - offset), 0)

    def _has(self, offset: int, length: int) -> bool:
        n = bisect_right(self._starts, offset) - 1
        while n >= 0:
            if self._starts[n] + len(self._pieces[n]) >= offset + length:
                return True
            n -= 1
        return False

    def _keep(self, offset: int, data: bytes) -> None:
        n = bisect_right(self._starts, offset)
        self._starts.insert(n, offset)
        self._pieces.insert(n, data)

    def _collect(self, offset: int, length: int) -> bytes:
        out = bytearray(length)
        for start, piece in zip(self._starts, self._pieces, strict=True):
            _lay(out, offset, start, piece)
        for start, piece in self._masks.items():
            _lay(out, offset, start, piece)
        return bytes(out)


def _lay(out: bytearray, offset: int, start: int, piece: bytes) -> None:
    first, last = max(offset, start), min(offset + len(out), start + len(piece))
    if first < last:
        out[first - offset : last - offset] = piece[first - start : last - start]
