"""All columns for a spreadsheet: cells that a spreadsheet would run as a formula are made text."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from services.tagging.csv_layout import Layout
from services.tagging.csv_render import WORDS, Changes, changes, splice, text_of
from services.tagging.csv_scan import QUOTE, Positions, Rows, scan
from services.tagging.csv_text import BOM, Bytes, Source, encode_back

_DANGEROUS = np.zeros(256, np.bool_)
_DANGEROUS[list(b"=+-@\t\r")] = True
_PREFIX = WORDS.index(b"'")


def export_cells(source: Source, layout: Layout, values: NDArray[np.bool_]) -> Iterator[bytes]:
    """The file with these values ((n, T), index order), a ' before cells that begin with = + - @, tab or CR.

    Never for a save: it changes more than tag cells (limits.md, "CSV content"). Raises ValueError as render
    does.
    """
    text = text_of(source, layout)
    rows = layout.by_row(values)
    return encode_back(_pieces(text, layout, rows), layout.encoding)


def _pieces(text: Bytes, layout: Layout, values: NDArray[np.bool_]) -> Iterator[bytes]:
    begin, row = 0, -1  # the header is the row before the first
    start = len(BOM) if text[: len(BOM)].tobytes() == BOM else 0
    for rows in scan(text, start):
        following = row + rows.starts.size
        edits = changes(layout, values, max(row, 0), following)
        yield splice(text, begin, rows.end, _merged(edits, _formulas(text, rows)))
        begin, row = rows.end, following
    if begin < text.size:
        yield text[begin:].tobytes()


def _formulas(text: Bytes, rows: Rows) -> Positions:
    """Where the content of dangerous cells begins."""
    begin = np.concatenate(([rows.starts[0]], rows.stops[:-1] + 1))
    begin[np.concatenate(([0], rows.lasts[:-1] + 1))] = rows.starts
    begin = begin + (text.take(begin, mode="clip") == QUOTE)
    found: Positions = begin[(begin < rows.stops) & _DANGEROUS[text.take(begin, mode="clip")]]
    return found


def _merged(edits: Changes, prefixes: Positions) -> Changes:
    start = np.concatenate((edits.start, prefixes))
    length = np.concatenate((edits.length, np.zeros(prefixes.size, np.int64)))
    word = np.concatenate((edits.word, np.full(prefixes.size, _PREFIX, np.uint8)))
    order = np.argsort(start, kind="stable")
    return Changes(start[order], length[order], word[order])
