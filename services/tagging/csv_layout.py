"""Where the tag cells of a data CSV lie: all that a save needs to know of the file."""

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.tagging.csv_text import Source

Offsets = NDArray[np.uint32] | NDArray[np.uint64]
_MAGIC = b"DARKROOM CSV 1\n"
_ALIGN = 16


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of the file: its number, and the column (without spaces) that has its cells."""

    code: int
    column: str


@dataclass(frozen=True, slots=True)
class Layout:
    """n rows in the order of the file, T tags in the order of the columns.

    Offsets are bytes of the text, which is the file itself, or its UTF-8 form where `encoding` is not read in
    place (csv_text).
    """

    encoding: str  # Python's name of the codec, byte order decided
    tags: tuple[Tag, ...]
    size: int  # bytes of the source
    start: Offsets  # (n, T) where the content of each cell begins: inside quotes and spaces
    length: NDArray[np.uint8]  # (n, T) its bytes, 0 to 5
    values: NDArray[np.bool_]  # (n, T) what the file says
    order: Offsets | None  # (n,) the file's row of each index; None: index and row are the same

    @property
    def rows(self) -> int:
        """The number of rows, n."""
        return int(self.values.shape[0])

    @property
    def end(self) -> NDArray[np.integer]:
        """(n, T) where the content of each cell ends, exclusive."""
        ends: NDArray[np.integer] = self.start + self.length
        return ends

    def by_row(self, values: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Values (n, T) in index order, in the order of the file. ValueError when the shape is another."""
        if values.shape != self.values.shape:
            raise ValueError(f"values of shape {values.shape} for a file of {self.values.shape}")
        if self.order is None:
            return values
        rows = np.empty_like(values)
        rows[self.order] = values
        return rows

    def by_index(self, values: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Values (n, T) in the order of the file, in index order."""
        return values if self.order is None else values[self.order]

    def to_bytes(self) -> bytes:
        """The layout as bytes, to be kept, so that a save after a restart reads no CSV anew.

        5.1 bytes a tag cell (9.1 past 4 GiB), and 4 a row where the order is not the file's: 26 MB for
        1,000,000 rows of 5 tags, made or read in some 10 ms.
        """
        parts = [self.start, self.length, np.packbits(self.values)]
        if self.order is not None:
            parts.append(self.order)
        head = {
            "encoding": self.encoding,
            "tags": [[tag.code, tag.column] for tag in self.tags],
            "size": self.size,
            "rows": self.rows,
            "wide": self.start.dtype.itemsize == 8,
            "ordered": self.order is not None,
        }
        pieces = [_padded(_MAGIC + json.dumps(head).encode() + b"\n")]
        pieces += [_padded(np.ascontiguousarray(part).tobytes()) for part in parts]
        return b"".join(pieces)

    @classmethod
    def from_bytes(cls, kept: Source) -> "Layout":
        """What `to_bytes` made; its arrays lie in `kept`, read-only. ValueError for other bytes."""
        start = bytes(kept[: len(_MAGIC)])
        if start != _MAGIC:
            raise ValueError("these bytes are not a layout")
        line = _first_line(kept, len(_MAGIC))
        head = json.loads(line)
        tags = tuple(Tag(code, column) for code, column in head["tags"])
        shape = (head["rows"], len(tags))
        wide = np.dtype("<u8" if head["wide"] else "<u4")
        at = _rounded(len(_MAGIC) + len(line))
        cells = shape[0] * shape[1]
        offsets = np.frombuffer(kept, wide, cells, at).reshape(shape)
        at = _rounded(at + offsets.nbytes)
        length = np.frombuffer(kept, np.uint8, cells, at).reshape(shape)
        at = _rounded(at + length.nbytes)
        bits = np.frombuffer(kept, np.uint8, (cells + 7) // 8, at)
        at = _rounded(at + bits.nbytes)
        values = np.unpackbits(bits, count=cells).view(np.bool_).reshape(shape)
        order = np.frombuffer(kept, wide, shape[0], at) if head["ordered"] else None
        return cls(head["encoding"], tags, head["size"], offsets, length, values, order)


def _first_line(kept: Source, begin: int) -> bytes:
    line, step = b"", 4096
    while b"\n" not in line and begin + len(line) < len(kept):
        line += bytes(kept[begin + len(line) : begin + len(line) + step])
    end = line.find(b"\n")
    if end < 0:
        raise ValueError("these bytes are not a whole layout")
    return line[: end + 1]


def _rounded(size: int) -> int:
    return -(-size // _ALIGN) * _ALIGN


def _padded(part: bytes) -> bytes:
    return part + bytes(_rounded(len(part)) - len(part))
