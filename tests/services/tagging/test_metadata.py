"""Names of tags from the metadata CSV."""

import pytest

from services.tagging.csv_problem import InvalidCsv
from services.tagging.metadata import names_for, read_metadata


@pytest.mark.parametrize(
    "data",
    [
        b"code,alias\n100,car\n101,\"red, big\"\n102,\n",
        b"\xef\xbb\xbf scenario , other, tag_code\r\ncar,1,100\r\n\"red, big\",2, 101.0\r\n\r\n",
        b"tag_code,alias,scenario\n100,car,x\n101,\"red, big\",y\n100,car,x\n",
    ],
)  # fmt: skip
def test_names(data: bytes) -> None:
    names = read_metadata(data)
    assert names == {100: "car", 101: "red, big"}
    assert names_for([102, 101, 100], names) == ["102_fallback", "red, big", "car"]


def test_other_encodings() -> None:
    assert read_metadata("code,alias\n1,été\n".encode("utf-16"), "utf-16") == {1: "été"}
    assert read_metadata("code,alias\n1,été\n".encode("latin-1"), "latin-1") == {1: "été"}


@pytest.mark.parametrize(
    ("data", "reason", "rows"),
    [
        (b"", "no_header", []),
        (b"alias\na\n", "bad_metadata", []),
        (b"code\n1\n", "bad_metadata", []),
        (b"code,alias,code\n1,a,2\n", "doubled_columns", []),
        (b"code,alias\n1,a\nx,b\n", "bad_metadata", [2]),
        (b"code,alias\n1,a\n1,b\n,c\n", "bad_metadata", [2, 3]),
        (b"code,alias\n1,\xff\n", "bad_encoding", []),
        (b"code,alias\n1,a\0\n", "nul", []),
        (b"code,alias\n1,\"a\n", "bad_metadata", []),
    ],
)  # fmt: skip
def test_what_is_wrong(data: bytes, reason: str, rows: list[int]) -> None:
    with pytest.raises(InvalidCsv) as problem:
        read_metadata(data)
    assert (problem.value.reason, problem.value.extra["rows"]) == (reason, rows)
    with pytest.raises(InvalidCsv):
        read_metadata(data, "no-such-encoding")
