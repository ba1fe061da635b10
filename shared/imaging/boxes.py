"""Boxes of the ISO base media file format (ISO/IEC 14496-12), which AVIF is built of."""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.imaging.errors import BrokenImage
from shared.imaging.source import Source, exactly

_MAX_BOXES = 1_000


@dataclass(frozen=True, slots=True)
class Box:
    """A box's kind, and where its content lies."""

    kind: bytes
    start: int
    end: int


def boxes(source: Source, start: int, end: int) -> Iterator[Box]:
    """The boxes between two places. Raises BrokenImage for one that does not fit in there."""
    for _ in range(_MAX_BOXES):
        if start + 8 > end:
            return
        head = exactly(source, start, 8)
        size, content = int.from_bytes(head[:4], "big"), start + 8
        if size == 1:
            size, content = int.from_bytes(exactly(source, content, 8), "big"), content + 8
        stop = end if size == 0 else start + size
        if stop < content or stop > end:
            raise BrokenImage("A box of the AVIF does not fit into the one around it.")
        yield Box(head[4:], content, stop)
        start = stop


class Fields:
    """Reads big-endian numbers one after another. Raises BrokenImage at the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def number(self, length: int) -> int:
        """The next unsigned number of `length` bytes; 0 for no bytes."""
        return int.from_bytes(self.bytes(length), "big")

    def bytes(self, length: int) -> bytes:
        """The next `length` bytes."""
        part = self._data[self._place : self._place + length]
        if len(part) < length:
            raise BrokenImage("A box of the AVIF ends too early.")
        self._place += length
        return part
