"""The partial CSV of protocols/tagging.md: the tag columns alone."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.tagging.bits import BLOCK
from services.tagging.csv_layout import Tag

_PATTERNS = 1 << 16  # whose lines are kept while a text is made


class _Lines(dict[bytes, bytes]):
    """The line of each pattern of tags; a million rows have few patterns, so each is made once."""

    def __init__(self, tags: int) -> None:
        super().__init__()
        self._tags = tags

    def __missing__(self, packed: bytes) -> bytes:
        bits = np.unpackbits(np.frombuffer(packed, np.uint8), count=self._tags)
        line = b",".join(b"True" if bit else b"False" for bit in bits.tolist()) + b"\n"
        if len(self) < _PATTERNS:
            self[packed] = line
        return line


class BlockText:
    """The lines of each block of rows, kept until the block changes."""

    def __init__(self, blocks: int) -> None:
        self._blocks: list[bytes | None] = [None] * blocks
        self.size = 0  # bytes

    def forget(self, block: int) -> None:
        """The block has changed."""
        self.size -= len(self._blocks[block] or b"")
        self._blocks[block] = None

    def render(self, tags: Sequence[Tag | int], values: NDArray[np.bool_], rows: int) -> bytes:
        """As render_tags of the first `rows` rows; `values` has the shape (T, padded rows)."""
        lines = _Lines(len(tags))
        found = [_header(tags)]
        for block, text in enumerate(self._blocks):
            if text is None:
                here = values[:, block * BLOCK : min((block + 1) * BLOCK, rows)]
                text = self._blocks[block] = _text(lines, here.T)  # noqa: PLW2901 - made where it is missing
                self.size += len(text)
            found.append(text)
        return b"".join(found)


def render_tags(tags: Sequence[Tag | int], values: NDArray[np.bool_]) -> bytes:
    """A header tag_code_<n>, then True and False for each row of `values` ((n, T), index order)."""
    return _header(tags) + _text(_Lines(len(tags)), values)


def _header(tags: Sequence[Tag | int]) -> bytes:
    codes = [tag.code if isinstance(tag, Tag) else tag for tag in tags]
    return ",".join(f"tag_code_{code}" for code in codes).encode() + b"\n"


def _text(lines: _Lines, values: NDArray[np.bool_]) -> bytes:
    packed = np.packbits(values, axis=1)
    width = packed.shape[1]
    flat = packed.tobytes()
    return b"".join([lines[flat[at : at + width]] for at in range(0, len(flat), width)])
