"""Flips: the cells that a change turned over, and what they are now. Pure.

A cell is counted row by row: row * T + tag. Kept with each change, so that an undo reverses just what
that change did, and told in events, so that others apply it without asking again.
"""

import base64
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
PLAIN, PACKED = b"\0", b"\1"  # the first byte of packed flips
MAX_RUNS = 1000  # beyond so many runs of rows a bitmap is shorter


@dataclass(frozen=True, slots=True)
class Flips:
    """`cells`: sorted cell numbers; `values`: what each is now, of the same length. T is `tags`."""

    tags: int
    cells: NDArray[np.int64]
    values: NDArray[np.bool_]

    @property
    def rows(self) -> Rows:
        """The rows that have such a cell, sorted, each once."""
        return np.unique(self.cells // self.tags)

    def reversed(self) -> "Flips":
        """What undoes it."""
        return Flips(self.tags, self.cells, ~self.values)

    def without(self, cells: NDArray[np.int64]) -> "Flips":
        """The same but for those cells."""
        kept = ~np.isin(self.cells, cells)
        return Flips(self.tags, self.cells[kept], self.values[kept])

    def by_tag(self) -> list[tuple[int, bool, Rows]]:
        """Tag, new value and rows (sorted) of each group of cells that turned alike."""
        tag = self.cells % self.tags
        row = self.cells // self.tags
        groups = []
        for each in np.unique(tag):
            for value in (True, False):
                chosen = row[(tag == each) & (self.values == value)]
                if len(chosen):
                    groups.append((int(each), value, chosen))
        return groups

    def to_bytes(self) -> bytes:
        """For the history: differences of the cells and the values, packed; one label is some 30 bytes."""
        steps = np.diff(self.cells, prepend=0).astype("<i8").tobytes()
        values = np.packbits(self.values).tobytes()
        head = struct.pack("<qq", self.tags, len(self.cells))
        return PACKED + zlib.compress(head + steps + values, 1)


def flips_from_bytes(data: bytes) -> Flips:
    """What `to_bytes` packed."""
    plain = zlib.decompress(data[1:]) if data[:1] == PACKED else data[1:]
    tags, count = np.frombuffer(plain, "<i8", 2)
    steps = np.frombuffer(plain, "<i8", count, 16)
    packed = np.frombuffer(plain, np.uint8, offset=16 + 8 * int(count))
    values = np.unpackbits(packed, count=int(count)).view(np.bool_)
    return Flips(int(tags), np.cumsum(steps), values)


def pack_few(tags: int, cells: Sequence[int], values: Sequence[bool]) -> bytes:
    """The same as Flips.to_bytes for a few cells (sorted), which are not worth compressing."""
    steps = [cell - before for before, cell in zip([0, *cells], cells, strict=False)]
    bits = bytearray(-(-len(values) // 8))
    for place, value in enumerate(values):
        bits[place >> 3] |= value * (0x80 >> (place & 7))
    return PLAIN + struct.pack(f"<qq{len(steps)}q", tags, len(cells), *steps) + bits


def rows_as_json(rows: Rows) -> dict[str, Any]:
    """Sorted rows for an event: `runs` [first, last], or where those are many a `bitmap`.

    A bitmap is {"first", "data"}: base64 of zlib of one bit a row from `first` on, the first row in the
    highest bit.
    """
    breaks = np.flatnonzero(np.diff(rows) > 1)
    if len(breaks) < MAX_RUNS:
        first = rows[np.concatenate(([0], breaks + 1))]
        last = rows[np.concatenate((breaks, [len(rows) - 1]))]
        return {"runs": np.stack((first, last), axis=1).tolist()}
    begin = int(rows[0])
    bitmap = np.zeros(int(rows[-1]) - begin + 1, np.bool_)
    bitmap[rows - begin] = True
    data = base64.b64encode(zlib.compress(np.packbits(bitmap).tobytes(), 6)).decode()
    return {"bitmap": {"first": begin, "data": data}}
