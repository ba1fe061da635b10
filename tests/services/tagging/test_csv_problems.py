"""What is wrong with a CSV is said with the rows, and nothing of it is read."""

import pytest

from services.tagging.csv_file import read_data
from services.tagging.csv_problem import InvalidCsv
from shared.errors import Unprocessable

H = b"file_path,clip_id,modality,tag_code_1\n"
MANY = b"".join(b"p%d,c,m,%s\n" % (row, b"maybe" if row % 2 else b"True") for row in range(100))


@pytest.mark.parametrize(
    ("source", "reason", "rows", "count"),
    [
        (b"", "no_header", [], 0),
        (b"\xef\xbb\xbf", "no_header", [], 0),
        (b"\n\n  \n", "no_header", [], 0),
        (b"path,tag_code_1\na,1\n", "no_file_path", [], 0),
        (b"file_path,note\na,1\n", "no_tags", [], 0),
        (b"file_path,label\na,1\n", "no_tags", [], 0),
        (b"file_path, note,note ,tag_code_1\na,1,2,0\n", "doubled_columns", [], 0),
        (b"file_path,tag_code,tag_codes,label\na,1,1,0\n", "doubled_columns", [], 0),
        (b"file_path,tag_code_7,tag_code_07\na,1,0\n", "doubled_tags", [], 0),
        (b"file_path,tag_code,label,tag_code_1\na,1,0,0\n", "two_forms", [], 0),
        (b"file_path,tag_code,label\n", "bad_tag_code", [], 0),
        (b"file_path,tag_code,label\na,x,0\n", "bad_tag_code", [1], 1),
        (b"file_path,tag_code,label\na,1,0\nb,2,0\nc,1,0\nd,y,0\n", "bad_tag_code", [2, 4], 2),
        (H + b"a,b,c,1\na,b,c\n\na,b,c,1,2\n", "ragged_rows", [2, 3], 2),
        (H + MANY, "bad_tag_cells", list(range(2, 42, 2)), 50),
        (H + b"a,c,m,Trues\nb,c,m,\"Tr\"\"ue\"\nc,c,m,2\nd,c,m,tru\n", "bad_tag_cells", [1, 2, 3, 4], 4),
        (H + b"a,c,m,1\n,c,m,1\n\"\",c,m,1\n  ,c,m,1\n", "empty_path", [2, 3, 4], 3),
        (H + b"a\0b,c,m,1\nb,c,m,1\nc,\0,m,1\n", "nul", [1, 3], 2),
        (H + b"a,c,m,1\n\xff,c,m,1\nc,\xc3,m,1\n", "bad_encoding", [2, 3], 2),
        (b"file_path,tag_code_1,\xff\n", "bad_encoding", [], 0),
        (H + b"a,c,m,1\nb,\"c,m,1\nc,c,m,1\n", "unclosed_quote", [2], 1),
    ],
)  # fmt: skip
@pytest.mark.parametrize("piece", [16, 1 << 20])
def test_each_problem(source: bytes, reason: str, rows: list[int], count: int, piece: int) -> None:
    with pytest.raises(InvalidCsv) as problem:
        read_data(source, piece=piece)
    assert problem.value.extra == {"reason": reason, "rows": rows, "row_count": count}
    assert (problem.value.status, problem.value.code) == (422, "invalid_csv")
    assert isinstance(problem.value, Unprocessable)


@pytest.mark.parametrize("encoding", ["no-such", "base64", "rot13", "a\0b", "é"])
def test_an_encoding_that_is_none(encoding: str) -> None:
    with pytest.raises(InvalidCsv) as problem:
        read_data(H, encoding)
    assert problem.value.reason == "unknown_encoding"


def test_bytes_that_are_not_of_the_encoding_are_told_in_each() -> None:
    with pytest.raises(InvalidCsv) as odd:
        read_data("file_path,tag_code_1\na,1".encode("utf-16") + b"\0", "utf-16")
    assert odd.value.reason == "bad_encoding"
    with pytest.raises(InvalidCsv) as lone:
        read_data("file_path,tag_code_1\n\ud800,1".encode("utf-16", "surrogatepass"), "utf-16")
    assert lone.value.reason == "bad_encoding"


@pytest.mark.parametrize("path", [b"a\x1b(B\x1b(B", b"\x1b$@F|\x1b(B"])
def test_a_text_that_would_not_come_back_is_refused(path: bytes) -> None:
    """ISO-2022-JP may switch to ASCII twice, or to the set of 1978; Python once, and to that of 1983."""
    source = H + path + b",c,m,1\n"
    with pytest.raises(InvalidCsv) as problem:
        read_data(source, "iso-2022-jp")
    assert problem.value.reason == "inexact_encoding"


def test_more_cameras_than_their_numbers() -> None:
    rows = b"".join(b"p,c,m%d,1\n" % number for number in range(65_536))
    assert len(read_data(H + rows[: rows.rindex(b"p")]).camera_names) == 65_535
    with pytest.raises(InvalidCsv) as problem:
        read_data(H + rows)
    assert problem.value.extra == {"reason": "too_many_cameras", "rows": [65_536], "row_count": 1}


def test_more_rows_than_there_is_memory_for() -> None:
    rows = b"p,c,m,1\n" * 100
    assert read_data(H + rows, piece=64, most_rows=100).rows == 100
    with pytest.raises(InvalidCsv) as problem:
        read_data(H + rows, piece=64, most_rows=99)
    assert problem.value.reason == "too_many_rows"


def test_more_columns_than_a_spreadsheet_holds() -> None:
    with pytest.raises(InvalidCsv) as problem:
        read_data(b"file_path,tag_code_1" + b"," * 16_384 + b"\n")
    assert problem.value.reason == "too_many_columns"
