"""Clips, their cameras and the order of rows: protocols/tagging.md, against a plain reading of its words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tagging.csv_file import read_data
from services.tagging.csv_render import render

CLIPS = st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from(["l", "r", "t", ""])), max_size=14)


def file_of(rows: list[tuple[str, str]]) -> bytes:
    lines = [f"{number},{clip},{camera},0" for number, (clip, camera) in enumerate(rows)]
    return "\n".join(["file_path,clip_id,modality,tag_code_1", *lines]).encode()


def plain_order(cameras: list[str]) -> list[int]:
    """Row numbers of one clip, frame by frame where it comes grouped by camera."""
    names = list(dict.fromkeys(cameras))
    frames = len(cameras) // len(names)
    if "" in names or cameras != [name for name in names for _ in range(frames)]:
        return list(range(len(cameras)))
    return [camera * frames + frame for frame in range(frames) for camera in range(len(names))]


def plain_count(cameras: list[str]) -> int:
    """The number of cameras of one clip, its rows in index order."""
    if "" in cameras:
        return 1
    for at, name in enumerate(cameras):
        if name in cameras[:at]:
            return at if len(cameras) % at == 0 and cameras == cameras[:at] * (len(cameras) // at) else 1
    return len(cameras)


@given(CLIPS)
def test_clips_are_those_of_the_document(rows: list[tuple[str, str]]) -> None:
    data = read_data(file_of(rows))
    runs: list[list[int]] = []
    for number, (clip, _) in enumerate(rows):
        if number and rows[number - 1][0] == clip:
            runs[-1].append(number)
        else:
            runs.append([number])
    order = [run[0] + row for run in runs for row in plain_order([rows[number][1] for number in run])]
    assert data.order.tolist() == order
    assert data.clips.names == [rows[run[0]][0] for run in runs]
    assert list(zip(data.clips.begin, data.clips.end, strict=True)) == [(run[0], run[-1] + 1) for run in runs]
    counts = [plain_count([rows[order[index]][1] for index in run]) for run in runs]
    assert data.clips.cameras.tolist() == counts
    assert data.paths(0, len(rows)) == [str(row) for row in order]
    assert [data.camera_names[code] for code in data.camera] == [rows[row][1] for row in order]


@pytest.mark.parametrize(
    ("cameras", "order", "count"),
    [
        ("lllrrr", [0, 3, 1, 4, 2, 5], 2),  # grouped by camera
        ("lrlrlr", [0, 1, 2, 3, 4, 5], 2),  # frame by frame already
        ("llrrtt", [0, 2, 4, 1, 3, 5], 3),
        ("lllrr", [0, 1, 2, 3, 4], 1),  # uneven
        ("lrl", [0, 1, 2], 1),  # the last frame lacks a camera: 2 does not divide 3
        ("lrt", [0, 1, 2], 3),  # no name repeats
        ("lll", [0, 1, 2], 1),
        ("l", [0], 1),
        ("llrrll", [0, 1, 2, 3, 4, 5], 1),  # a camera comes back
        ("lrrl", [0, 1, 2, 3], 1),
        ("lrlrrl", [0, 1, 2, 3, 4, 5], 1),
    ],
)
def test_one_clip(cameras: str, order: list[int], count: int) -> None:
    data = read_data(file_of([("c", camera) for camera in cameras]))
    assert (data.order.tolist(), data.clips.cameras.tolist()) == (order, [count])


def test_without_columns_there_is_one_clip_of_one_camera() -> None:
    data = read_data(b"file_path,tag_code_1\na,0\nb,1\nc,0\n")
    assert (data.has_clips, data.has_cameras) == (False, False)
    assert (data.clips.begin.tolist(), data.clips.end.tolist()) == ([0], [3])
    assert (data.clips.cameras.tolist(), data.clips.names, data.camera_names) == ([1], [""], [""])
    assert read_data(b"file_path,tag_code_1\na,0").clips.cameras.tolist() == [1]


def test_cameras_without_clips_are_one_clip() -> None:
    data = read_data(b"file_path,modality,tag_code_1\na,l,0\nb,l,1\nc,r,0\nd,r,1\n")
    assert data.paths(0, 4) == ["a", "c", "b", "d"]
    assert data.values.tolist() == [[False], [False], [True], [True]]
    assert data.clips.cameras.tolist() == [2]


def test_indexes_and_rows_of_a_save() -> None:
    """Six rows of two cameras: the order and its inverse differ."""
    source = b"file_path,modality,tag_code_1\n0,l,0\n1,l,0\n2,l,0\n3,r,0\n4,r,0\n5,r,0\n"
    data = read_data(source)
    assert data.order.tolist() == [0, 3, 1, 4, 2, 5]
    values = np.array([[False], [True], [True], [False], [False], [False]])  # rows 3 and 1
    saved = b"".join(render(source, data.layout, values))
    assert saved == source.replace(b"1,l,0", b"1,l,True").replace(b"3,r,0", b"3,r,True")
    assert read_data(saved).values.tolist() == values.tolist()


def test_a_clip_goes_on_over_pieces_and_quotes() -> None:
    source = b'file_path,clip_id,tag_code_1\na,x,0\nb,"x",1\nc,y,0\nd,"y",1\n'
    for piece in (1, 12, 1000):
        clips = read_data(source, piece=piece).clips
        assert (clips.begin.tolist(), clips.names) == ([0, 2], ["x", "y"])
