"""A data CSV with other tags: the source byte for byte, but for the tag cells whose value is another."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.tagging.csv_layout import Layout
from services.tagging.csv_scan import Positions
from services.tagging.csv_text import PIECE, Bytes, Source, as_text, encode_back

WORDS = (b"False", b"True", b"'")  # what a place of `Changes` becomes, by its number
_LENGTHS = np.array([len(word) for word in WORDS])
_SPARSE = 200  # bytes between changes from which copying slices is faster than masks (measured on x86-64)


@dataclass(frozen=True, slots=True)
class Changes:
    """Places of a text that become other words; sorted, never overlapping."""

    start: Positions  # (k,) offsets
    length: Positions  # (k,) bytes that go
    word: NDArray[np.uint8]  # (k,) which of WORDS comes


def render(
    source: Source, layout: Layout, values: NDArray[np.bool_], *, piece: int = PIECE
) -> Iterator[bytes]:
    """The file with these values ((n, T), index order), in pieces of about `piece` bytes.

    `source` is what the layout was read from. Raises ValueError when it has another size, or values another
    shape. An encoding that is not read in place costs a copy of the text in UTF-8.
    """
    text = text_of(source, layout)
    rows = layout.by_row(values)
    return encode_back(_pieces(text, layout, rows, piece), layout.encoding)


def text_of(source: Source, layout: Layout) -> Bytes:
    """The text that the layout's offsets are for; ValueError when the source has another size."""
    if len(source) != layout.size:
        raise ValueError(f"a source of {len(source)} bytes for the layout of one of {layout.size}")
    return as_text(source, layout.encoding)


def changes(layout: Layout, rows: NDArray[np.bool_], first: int, last: int) -> Changes:
    """The tag cells from row `first` to `last` (exclusive) that the values `rows` (file order) change."""
    new = rows[first:last].reshape(-1)
    changed = np.flatnonzero(new != layout.values[first:last].reshape(-1))
    start = layout.start[first:last].reshape(-1)[changed].astype(np.int64)
    length = layout.length[first:last].reshape(-1)[changed].astype(np.int64)
    return Changes(start, length, new[changed].view(np.uint8))


def splice(text: Bytes, begin: int, end: int, edits: Changes) -> bytes:
    """The text between two offsets with all edits (which lie between them) made."""
    if edits.start.size * _SPARSE <= end - begin:
        return _by_slices(text, begin, end, edits)
    return _by_masks(text[begin:end], edits, edits.start - begin)


def _pieces(text: Bytes, layout: Layout, rows: NDArray[np.bool_], piece: int) -> Iterator[bytes]:
    begin = row = 0
    # Any tag cell's beginning is a good place to cut: no change reaches over it.
    cells = layout.start[:, 0]
    while row < layout.rows:
        following = min(max(row + 1, bisect_left(cells, begin + piece, row)), layout.rows)
        end = int(cells[following]) if following < layout.rows else text.size
        yield splice(text, begin, end, changes(layout, rows, row, following))
        begin, row = end, following
    if begin < text.size:
        yield text[begin:].tobytes()


def _by_slices(text: Bytes, begin: int, end: int, edits: Changes) -> bytes:
    parts: list[bytes | memoryview] = []
    view, at = text.data, begin
    for start, length, word in zip(
        edits.start.tolist(), edits.length.tolist(), edits.word.tolist(), strict=True
    ):
        parts += (view[at:start], WORDS[word])
        at = start + length
    parts.append(view[at:end])
    return b"".join(parts)


def _by_masks(text: Bytes, edits: Changes, start: Positions) -> bytes:
    """Drop the bytes that shorter words leave over, make room for those of longer ones, then write the words.

    NumPy copies by a mask run for run, so this costs a copy of the text and little for each change of length.
    `start`: the edits' offsets in `text`.
    """
    lengths = _LENGTHS[edits.word]
    grows = lengths - edits.length
    result = text[_mask(text.size, start, edits.length, -grows)] if (grows < 0).any() else text.copy()
    moved = start + np.cumsum(grows) - grows  # where each word stands at the end
    if (grows > 0).any():
        short, result = result, np.empty(text.size + int(grows.sum()), np.uint8)
        result[_mask(result.size, moved, lengths, grows)] = short
    for number, word in enumerate(WORDS):
        places = moved[edits.word == number]
        for offset, letter in enumerate(word):
            result[places + offset] = letter
    return result.tobytes()


def _mask(size: int, start: Positions, length: Positions, excess: Positions) -> NDArray[np.bool_]:
    """All True but the last `excess` bytes of each place (where it is above 0)."""
    mask = np.ones(size, np.bool_)
    for distance in range(1, int(excess.max(initial=0)) + 1):
        affected = excess >= distance
        mask[(start + length)[affected] - distance] = False
    return mask
