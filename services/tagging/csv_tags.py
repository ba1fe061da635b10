"""The partial CSV of protocols/tagging.md: the tag columns alone."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from services.tagging.csv_layout import Tag

_ROWS = 1 << 16  # rows written at a time


class _Lines(dict[bytes, bytes]):
    """The line of each pattern of tags; a million rows have few patterns, so each is made once."""

    def __init__(self, tags: int) -> None:
        super().__init__()
        self._tags = tags

    def __missing__(self, packed: bytes) -> bytes:
        bits = np.unpackbits(np.frombuffer(packed, np.uint8), count=self._tags)
        line = b",".join(b"True" if bit else b"False" for bit in bits.tolist()) + b"\n"
        if len(self) < _ROWS:
            self[packed] = line
        return line


def render_tags(tags: Sequence[Tag | int], values: NDArray[np.bool_]) -> bytes:
    """A header tag_code_<n>, then True and False for each row of `values` ((n, T), index order)."""
    return b"".join(tag_lines(tags, values))


def tag_lines(tags: Sequence[Tag | int], values: NDArray[np.bool_]) -> Iterator[bytes]:
    """As render_tags, in pieces of 65,536 rows."""
    codes = [tag.code if isinstance(tag, Tag) else tag for tag in tags]
    yield ",".join(f"tag_code_{code}" for code in codes).encode() + b"\n"
    lines = _Lines(len(codes))
    for begin in range(0, len(values), _ROWS):
        packed = np.packbits(values[begin : begin + _ROWS], axis=1)
        width = packed.shape[1]
        flat = packed.tobytes()
        keys = [flat[at : at + width] for at in range(0, len(flat), width)]
        yield b"".join(map(lines.__getitem__, keys))
