"""What single cells say: text without its quotes, and the True and False of tag cells."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.tagging.csv_scan import QUOTE, Positions
from services.tagging.csv_text import Bytes

_SPACES = b" \t"
_TRIM_ROUNDS = 4  # spaces beyond these are rare, and taken off one cell at a time
_BLANK = np.zeros(256, np.bool_)
_BLANK[list(_SPACES)] = True


@dataclass(frozen=True, slots=True)
class TagCells:
    """Tag cells as the file has them, all arrays of the shape that was given."""

    start: Positions  # where the content begins: inside quotes and spaces
    length: Positions  # its bytes; at most 5 where it is not bad
    value: NDArray[np.bool_]
    bad: NDArray[np.bool_]  # neither True, False, 1, 0 nor empty


def read_tag_cells(text: Bytes, begin: Positions, end: Positions) -> TagCells:
    """Read cells that lie between the offsets `begin` and `end` (any shape, the same for both).

    True and False in any case, 1, 0, or nothing (False); spaces and tabs around it and one pair of quotes are
    allowed.
    """
    shape = begin.shape
    begin, end = _trimmed(text, begin.reshape(-1), end.reshape(-1))
    wrapped = (
        (end - begin >= 2)
        & (text.take(begin, mode="clip") == QUOTE)
        & (text.take(end - 1, mode="clip") == QUOTE)
    )
    if wrapped.any():
        begin, end = _trimmed(text, begin + wrapped, end - wrapped)
    length = end - begin
    first = text.take(begin, mode="clip")
    single = length == 1
    true = _spells(text, begin, length, b"true") | (single & (first == ord("1")))
    false = _spells(text, begin, length, b"false") | (single & (first == ord("0"))) | (length == 0)
    return TagCells(
        begin.reshape(shape),
        length.reshape(shape),
        true.reshape(shape),
        np.logical_not(true | false).reshape(shape),
    )


def _spells(text: Bytes, begin: Positions, length: Positions, word: bytes) -> NDArray[np.bool_]:
    """Whether the cells are this word in any mixture of cases, which differ in one bit, 20 hex."""
    same: NDArray[np.bool_] = length == len(word)
    for offset, letter in enumerate(word):
        same &= (text.take(begin + offset, mode="clip") | 0x20) == letter
    return same


def _trimmed(text: Bytes, begin: Positions, end: Positions) -> tuple[Positions, Positions]:
    """The same cells without spaces and tabs at their ends."""
    for _ in range(_TRIM_ROUNDS):
        left = (begin < end) & _BLANK[text.take(begin, mode="clip")]
        begin = begin + left
        right = (begin < end) & _BLANK[text.take(end - 1, mode="clip")]
        end = end - right
        if not (left | right).any():
            return begin, end
    for cell in np.flatnonzero(left | right).tolist():
        raw = text[begin[cell] : end[cell]].tobytes()
        begin[cell] += len(raw) - len(raw.lstrip(_SPACES))
        end[cell] = begin[cell] + len(raw.strip(_SPACES))
    return begin, end


def unquote(raw: bytes) -> bytes:
    """A field's content: without the quotes around it, and "" inside them as one."""
    if not raw.startswith(b'"'):
        return raw
    if raw.endswith(b'"') and raw.find(b'"', 1) == len(raw) - 1:
        return raw[1:-1]
    inside, at = bytearray(), 1
    while True:
        quote = raw.find(b'"', at)
        if quote < 0:  # cannot happen in a field that the scanner found whole
            return bytes(inside + raw[at:])
        inside += raw[at:quote]
        if raw[quote + 1 : quote + 2] != b'"':
            return bytes(inside + raw[quote + 1 :])  # what follows the closing quote is text as it stands
        inside += b'"'
        at = quote + 2


def cut(chunk: bytes, begin: Positions, end: Positions, *, quoted: bool) -> list[bytes]:
    """Fields of a chunk by their offsets in it, without their quotes."""
    cells = [chunk[first:last] for first, last in zip(begin.tolist(), end.tolist(), strict=True)]
    return [unquote(cell) for cell in cells] if quoted else cells
