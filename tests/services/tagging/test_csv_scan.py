"""Fields and rows: the same as Python's csv module finds, in whatever pieces the text is read."""

import csv
import io

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.tagging.csv_cells import unquote
from services.tagging.csv_problem import InvalidCsv
from services.tagging.csv_scan import scan

TEXTS = st.text(st.sampled_from('a,"\n\r '), max_size=40)


def cells(text: str, piece: int = 1 << 20) -> list[list[str]] | None:
    """Every row of the text, None when a quote is not closed."""
    data = np.frombuffer(text.encode(), np.uint8)
    found: list[list[str]] = []
    try:
        for rows in scan(data, piece=piece):
            begin = 0
            for start, last in zip(rows.starts.tolist(), rows.lasts.tolist(), strict=True):
                stops = rows.stops[begin : last + 1].tolist()
                starts = [start, *(stop + 1 for stop in stops[:-1])]
                found.append(
                    [unquote(data[a:b].tobytes()).decode() for a, b in zip(starts, stops, strict=True)]
                )
                begin = last + 1
    except InvalidCsv as problem:
        if problem.reason == "unclosed_quote":
            return None
        raise
    return [row for row in found if len(row) > 1 or row[0].strip(" \t")]


def by_csv(text: str) -> list[list[str]] | None:
    """What the csv module makes of it; a row that follows shows whether the last quote was closed."""
    rows = list(csv.reader(io.StringIO(text + "\nZ", newline="")))
    if rows[-1] != ["Z"]:
        return None
    return [row for row in rows[:-1] if len(row) > 1 or (row and row[0].strip(" \t"))]


@given(TEXTS)
@example('a,"b\n""c",d\r\n\r\ne,f')
@example('a"b,c"d\n5" wide,x\n')
@example('"a"b"c,d\n')
@example('""\n"" ,a')
def test_rows_are_those_of_the_csv_module(text: str) -> None:
    assert cells(text) == by_csv(text)


@given(TEXTS, st.integers(1, 12))
@example('a,b\r\n"c\r\n",d\r\ne', 4)
def test_the_size_of_the_pieces_makes_no_difference(text: str, piece: int) -> None:
    assert cells(text, piece) == cells(text)


def test_a_quote_that_is_not_closed_is_told_with_its_row() -> None:
    with pytest.raises(InvalidCsv) as problem:
        list(scan(np.frombuffer(b'h,i\n\na,b\n \n"c,d\ne,f\n', np.uint8)))
    assert problem.value.extra == {"reason": "unclosed_quote", "rows": [2], "row_count": 1}


def test_a_row_has_a_longest_length() -> None:
    text = np.frombuffer(b'h,i\n"' + b"x" * 5000 + b"\n" * 5000, np.uint8)
    with pytest.raises(InvalidCsv) as problem:
        list(scan(text, piece=64, longest=4096))
    assert problem.value.extra["reason"] == "row_too_long"
    assert problem.value.extra["rows"] == [1]
