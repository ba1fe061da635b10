"""A CSV that someone else changed: their cells, our tags, and nothing lost without being named."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tagging.csv_file import read_data
from services.tagging.csv_merge import keys_of, merge, merge_keys, row_keys
from services.tagging.csv_problem import InvalidCsv
from services.tagging.csv_render import render

Row = tuple[str, str, str, bool]
ROWS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from("xy"), st.sampled_from("lr"), st.booleans()),
    max_size=10,
)


def file_of(rows: list[Row], note: str = "") -> bytes:
    lines = [f"{path},{clip},{camera},{note},{tag}" for path, clip, camera, tag in rows]
    return "\n".join(["file_path,clip_id,modality,note,tag_code_1", *lines]).encode()


@given(ROWS, ROWS)
def test_rows_match_one_to_one_by_what_they_are(one: list[Row], other: list[Row]) -> None:
    ours, theirs = read_data(file_of(one)), read_data(file_of(other))
    values = ~ours.values
    result = merge(theirs, ours, values)
    mine, yours = (
        [tuple(key) for key in row_keys(ours).tolist()],
        [tuple(key) for key in row_keys(theirs).tolist()],
    )
    matched = [(index, source) for index, source in enumerate(result.source_row.tolist()) if source >= 0]
    assert all(yours[index] == mine[source] for index, source in matched)
    assert len(matched) == (Counter(mine) & Counter(yours)).total()
    assert len({source for _, source in matched}) == len(matched)
    for key in set(mine):  # of rows alike, the first goes to the first
        sources = [source for index, source in matched if yours[index] == key]
        assert sources == [index for index, other_key in enumerate(mine) if other_key == key][: len(sources)]
    assert result.added.tolist() == [index for index, source in enumerate(result.source_row) if source < 0]
    assert sorted([*result.removed.tolist(), *(source for _, source in matched)]) == list(range(len(one)))
    for index, source in enumerate(result.source_row.tolist()):
        expected = theirs.values[index] if source < 0 else values[source]
        assert result.values[index].tolist() == expected.tolist()


def test_their_cells_and_our_tags() -> None:
    ours = read_data(
        b"file_path,note,tag_code_1,tag_code_2\na,old,False,False\nb,old,False,False\nc,old,True,True\n"
    )
    head = b"tag_code_2,file_path,tag_code_1,note\n"
    source = head + b'False,"d",True,new\nFalse,b,False,new\nTrue,"a",False,"n,ew"\n'
    theirs = read_data(source)
    result = merge(theirs, ours, np.array([[True, False], [True, True], [False, False]]))
    assert (result.added.tolist(), result.removed.tolist()) == ([0], [2])
    assert b"".join(render(source, theirs.layout, result.values)) == (
        head + b'False,"d",True,new\nTrue,b,True,new\nFalse,"a",True,"n,ew"\n'
    )


def test_keys_may_come_from_elsewhere() -> None:
    data = read_data(file_of([("a", "x", "l", True), ("b", "x", "l", False)]))
    keys = keys_of([("b", "x", "l"), ("a", "x", "l")])
    assert keys[::-1].tolist() == row_keys(data).tolist()
    result = merge_keys(data, [1], keys, np.array([[True], [False]]))
    assert (result.values.tolist(), result.source_row.tolist()) == ([[False], [True]], [1, 0])


def test_other_tags_cannot_be_merged() -> None:
    ours = read_data(b"file_path,tag_code_1\na,0\n")
    theirs = read_data(b"file_path,tag_code_2\na,0\n")
    with pytest.raises(InvalidCsv) as problem:
        merge(theirs, ours, ours.values)
    assert problem.value.reason == "differing_tags"
