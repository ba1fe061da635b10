"""Where the fields and rows of CSV text end, found by NumPy a piece at a time.

The rules are those of RFC 4180 as Python's csv module and pandas read them: a quote opens only at the very
beginning of a field, "" inside is a quote, anything after the closing quote is text. A row ends with LF,
CR LF or a lone CR. Lines with nothing but spaces and tabs are skipped.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.tagging.csv_problem import InvalidCsv
from services.tagging.csv_text import PIECE, Bytes

COMMA, QUOTE, LF, CR = b',"\n\r'
LONGEST_ROW = 4 << 20  # bytes; an unclosed quote shows here before it takes all the memory

_SPECIAL = np.zeros(256, np.bool_)
_SPECIAL[[COMMA, QUOTE, LF, CR]] = True
_BLANK = np.zeros(256, np.bool_)
_BLANK[list(b" \t")] = True
Positions = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rows:
    """Some whole rows; all positions are offsets into the whole text."""

    begin: int  # the first byte looked at
    end: int  # where the next rows begin
    starts: Positions  # (rows,) where each begins
    stops: Positions  # (fields,) the end of every field, exclusive
    lasts: Positions  # (rows,) which of `stops` is each row's last
    quoted: bool  # whether there is any quote in it

    def widths(self) -> Positions:
        """How many fields each row has, (rows,)."""
        return np.diff(self.lasts, prepend=-1)

    def after_first(self) -> "Rows":
        """The same without the first row."""
        width = int(self.lasts[0]) + 1
        return Rows(
            self.begin, self.end, self.starts[1:], self.stops[width:], self.lasts[1:] - width, self.quoted
        )


def scan(text: Bytes, begin: int = 0, *, piece: int = PIECE, longest: int = LONGEST_ROW) -> Iterator[Rows]:
    """All rows from `begin` (a row's beginning) on, in pieces of about `piece` bytes.

    Each piece begins with a row, so nothing but the position is carried from one to the next. The first row
    is the header, and counts as row 0 where an error names a row.
    Raises InvalidCsv for a quote that is not closed and for a row longer than `longest`.
    """
    size, done = piece, 0
    while begin < text.size:
        # A CR LF may be cut in two here: its LF then is a blank line, which is skipped.
        end = min(begin + size, text.size)
        found, kinds, quoted, unclosed = _delimiters(text, begin, end)
        rows = _rows(text, begin, end, found, kinds, quoted=quoted, unclosed=unclosed)
        rows = rows and _without_blank(text, rows)
        if unclosed and end == text.size:
            done += rows.starts.size if rows else 0
            raise InvalidCsv(
                "unclosed_quote", "a quote is opened and never closed", rows=[done] if done else []
            )
        if rows is None:
            if end - begin >= longest:
                detail = f"a row is longer than {longest} bytes: is a quote not closed?"
                raise InvalidCsv("row_too_long", detail, rows=[done] if done else [])
            size *= 2
            continue
        if rows.starts.size:
            yield rows
        done += rows.starts.size
        begin, size = rows.end, piece


def _delimiters(text: Bytes, begin: int, end: int) -> tuple[Positions, Bytes, bool, bool]:
    """Delimiters outside quotes: where, and which; whether there are quotes, and whether one is left open."""
    piece = text[begin:end]
    special = piece == COMMA
    for sign in (QUOTE, LF, CR):
        special |= piece == sign
    found = np.flatnonzero(special)
    kinds = piece[found]
    found += begin
    quotes = kinds == QUOTE
    if not quotes.any():
        return found, kinds, False, False
    found, kinds, unclosed = _outside(text, begin, found, kinds, quotes)
    return found, kinds, True, unclosed


def _rows(
    text: Bytes, begin: int, end: int, found: Positions, kinds: Bytes, *, quoted: bool, unclosed: bool
) -> Rows | None:
    """The whole rows between two positions, None when there is not one."""
    if end == text.size and not unclosed and (not found.size or kinds[-1] == COMMA or found[-1] != end - 1):
        found, kinds = (
            np.append(found, end),
            np.append(kinds, np.uint8(LF)),
        )  # the last line has no end of its own
    ends, pairs = _line_ends(found, kinds)
    if pairs is not None:  # the LF of a CR LF is no end of its own
        found, ends = found[~pairs], ends[~pairs]
    lasts = np.flatnonzero(ends)
    if not lasts.size:
        return None
    stops = found[: lasts[-1] + 1]
    nexts = stops[lasts] + 1
    if pairs is not None:
        before, after = text.take(nexts - 1, mode="clip"), text.take(nexts, mode="clip")
        nexts += (before == CR) & (after == LF) & (nexts < end)
    starts = np.concatenate(([begin], nexts[:-1]))
    return Rows(begin, min(int(nexts[-1]), text.size), starts, stops, lasts, quoted)


def _line_ends(found: Positions, kinds: Bytes) -> tuple[NDArray[np.bool_], NDArray[np.bool_] | None]:
    """Which delimiters end a row, and which of them are the second half of a CR LF (None: there is no CR)."""
    ends = kinds != COMMA
    returns = kinds == CR
    if not returns.any():
        return ends, None
    pairs = np.zeros(found.size, np.bool_)
    pairs[1:] = (kinds[1:] == LF) & returns[:-1] & (found[1:] == found[:-1] + 1)
    return ends, pairs


def _outside(
    text: Bytes, begin: int, found: Positions, kinds: Bytes, quotes: NDArray[np.bool_]
) -> tuple[Positions, Bytes, bool]:
    """The delimiters outside quotes, and whether a quote is still open at the end.

    By parity: a delimiter is outside when an even number of quotes comes before it. That is true as long as
    each quote stands where RFC 4180 wants it; a stray one is seen by its neighbours, and then the piece is
    read one delimiter after the other.
    """
    count: Positions = np.cumsum(quotes)
    inside: NDArray[np.bool_] = ((count - quotes) & 1) == 1
    where = found[quotes]
    closing = inside[quotes]
    near = np.where(closing, where + 1, where - 1)
    edge = np.where(closing, near == text.size, near < begin)
    if not (edge | _SPECIAL[text.take(near, mode="clip")]).all():
        return _one_by_one(begin, found, kinds)
    outside = ~(inside | quotes)
    return found[outside], kinds[outside], bool(count[-1] & 1)


def _one_by_one(begin: int, found: Positions, kinds: Bytes) -> tuple[Positions, Bytes, bool]:
    """As `_outside`, for text with quotes in odd places, such as `5" wide`."""
    outside: list[int] = []
    places, signs = found.tolist(), kinds.tolist()
    field, doubled, quoted = begin, -1, False
    for at, (place, sign) in enumerate(zip(places, signs, strict=True)):
        if quoted:
            if sign != QUOTE or place == doubled:
                continue
            if at + 1 < len(places) and places[at + 1] == place + 1 and signs[at + 1] == QUOTE:
                doubled = place + 1
            else:
                quoted = False
        elif sign == QUOTE:
            quoted = place == field
        else:
            outside.append(at)
            field = place + 1
    return found[outside], kinds[outside], quoted


def _without_blank(text: Bytes, rows: Rows) -> Rows:
    widths = rows.widths()
    stops = rows.stops[rows.lasts]
    blank = (widths == 1) & ((stops == rows.starts) | _BLANK[text.take(rows.starts, mode="clip")])
    if not blank.any():
        return rows
    # How many bytes up to each position are more than a space tells of a line whether it has any.
    more = np.concatenate(([0], np.cumsum(~_BLANK[text[rows.begin : rows.end]])))
    keep = ~(blank & (more[stops - rows.begin] == more[rows.starts - rows.begin]))
    kept = rows.stops[np.repeat(keep, widths)]
    return Rows(rows.begin, rows.end, rows.starts[keep], kept, np.cumsum(widths[keep]) - 1, rows.quoted)
