"""The data CSV: what is read from it, and that a save changes tag cells alone."""

import io
import mmap
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.tagging.csv_file import DataFile, read_data
from services.tagging.csv_layout import Layout
from services.tagging.csv_render import render
from tests.services.tagging.tables import Table, tables

EVERY_WAY = settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow], deadline=None)
ENCODINGS = [
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "utf-32-be",
    "utf-7",
    "gb18030",
]


def written(source: bytes, data: DataFile, values: NDArray[np.bool_], piece: int = 1 << 20) -> bytes:
    return b"".join(render(source, data.layout, values, piece=piece))


def in_rows(data: DataFile, by_index: list[str]) -> list[str]:
    """What is in index order, in the order of the file."""
    rows = [""] * data.rows
    for index, row in enumerate(data.order.tolist()):
        rows[row] = by_index[index]
    return rows


@EVERY_WAY
@given(tables(), st.sampled_from(ENCODINGS), st.integers(1, 200))
def test_a_file_is_read_as_it_is_meant_and_written_back_as_it_was(
    table: Table, encoding: str, piece: int
) -> None:
    source = table.source.encode(encoding)
    data = read_data(source, encoding, piece=piece)
    assert [tag.code for tag in data.tags] == table.codes
    assert data.layout.by_row(data.values).tolist() == table.tags
    assert in_rows(data, data.paths(0, data.rows)) == table.paths
    assert in_rows(data, [data.camera_names[code] for code in data.camera.tolist()]) == table.cameras
    clip = [
        name
        for name, a, b in zip(data.clips.names, data.clips.begin, data.clips.end, strict=True)
        for _ in range(b - a)
    ]
    assert clip == table.clips  # re-ordering stays within clips
    assert written(source, data, data.values, piece) == source


@EVERY_WAY
@given(tables(), st.sampled_from(["utf-8", "utf-16"]), st.randoms(use_true_random=False), st.integers(1, 200))
def test_a_save_changes_the_tag_cells_that_changed_and_nothing_else(
    table: Table, encoding: str, random: Random, piece: int
) -> None:
    source = table.source.encode(encoding)
    data = read_data(source, encoding)
    values = np.array([[random.random() < 0.5 for _ in row] for row in table.tags])
    saved = written(source, data, values, piece)
    again = read_data(saved, encoding)
    assert again.values.tolist() == values.tolist()
    assert again.paths(0, again.rows) == data.paths(0, data.rows)
    expected, at = [], 0  # the plain way, cell by cell
    rows, layout = data.layout.by_row(values), data.layout
    for start, end, old, new in zip(
        *(part.reshape(-1).tolist() for part in (layout.start, layout.end, layout.values, rows)), strict=True
    ):
        expected.append(data.text[at:start].tobytes())
        expected.append(data.text[start:end].tobytes() if old == new else str(new).encode())
        at = end
    whole = b"".join([*expected, data.text[at:].tobytes()])
    assert saved == (whole if encoding == "utf-8" else whole.decode().encode("utf-16-le"))


@EVERY_WAY
@given(tables(), st.randoms(use_true_random=False))
def test_pandas_reads_both_alike(table: Table, random: Random) -> None:
    source = table.source.encode()
    data = read_data(source)
    values = np.array([[random.random() < 0.5 for _ in row] for row in table.tags])
    before, after = (
        pd.read_csv(io.BytesIO(text), dtype=str, keep_default_na=False, skipinitialspace=False)
        for text in (source, written(source, data, values))
    )
    assert list(before.columns) == list(after.columns)
    assert len(before) == data.rows
    columns = {name.strip(): name for name in before.columns}
    tag_columns = {columns[tag.column] for tag in data.tags}
    for name in before.columns:
        if name not in tag_columns:
            assert before[name].tolist() == after[name].tolist()
    spelled = {"true": True, "1": True, "false": False, "0": False, "": False}
    for number, tag in enumerate(data.tags):
        cells = [spelled[cell.strip().lower()] for cell in after[columns[tag.column]]]
        assert cells == data.layout.by_row(values)[:, number].tolist()
    assert before[columns["file_path"]].tolist() == table.paths


@EVERY_WAY
@given(tables(), st.integers(1, 200))
def test_every_size_of_pieces_reads_the_same(table: Table, piece: int) -> None:
    source = table.source.encode()
    one, other = read_data(source), read_data(source, piece=piece)
    assert one.layout.to_bytes() == other.layout.to_bytes()
    assert one.clips.names == other.clips.names
    assert one.camera_names == other.camera_names
    for field in ("begin", "end", "cameras"):
        assert getattr(one.clips, field).tolist() == getattr(other.clips, field).tolist()
    assert one.camera.tolist() == other.camera.tolist()


@EVERY_WAY
@given(tables())
def test_a_layout_that_was_kept_saves_the_same(table: Table) -> None:
    source = table.source.encode()
    data = read_data(source)
    kept = Layout.from_bytes(memoryview(data.layout.to_bytes()))
    assert (kept.encoding, kept.tags, kept.size) == (data.layout.encoding, data.layout.tags, len(source))
    assert b"".join(render(source, kept, ~data.values)) == written(source, data, ~data.values)


def test_the_layout_of_a_header_alone_is_kept_too() -> None:
    data = read_data(b"file_path,tag_code_1,tag_code_9\n")
    kept = Layout.from_bytes(data.layout.to_bytes())
    assert (kept.tags, kept.rows, kept.values.shape) == (data.tags, 0, (0, 2))


def test_a_layout_refuses_other_bytes() -> None:
    with pytest.raises(ValueError, match="not a layout"):
        Layout.from_bytes(b"something else")


@pytest.mark.parametrize("dense", [True, False])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_many_rows_by_every_way_of_writing(dense: bool, end: str) -> None:
    """Dense changes go by masks, few ones by slices; lengths grow, shrink and stay."""
    cells = ["True", "False", "1", "0", "", ' "True" ', '"false"', "TRUE"]
    lines = [f"/images/{row:06d}.jpg,{cells[row % 8]},x,{cells[row // 8 % 8]}" for row in range(20_000)]
    source = (end.join(["file_path,tag_code_1,note,tag_code_2", *lines]) + end).encode()
    data = read_data(source, piece=10_000)
    chosen = np.random.default_rng(5).random(data.values.shape) < (0.6 if dense else 0.0005)
    values = data.values ^ chosen
    saved = written(source, data, values, 50_000)
    old, new = source.decode().split(end), saved.decode().split(end)
    for row, flags in enumerate(chosen.tolist()):
        path, *tags = old[row + 1].split(",")
        for column, flag in enumerate(flags):
            if flag:
                word = str(bool(values[row, column]))
                cell = tags[column * 2]
                tags[column * 2] = cell.replace(cell.strip().strip('"'), word) if cell else word
        assert new[row + 1] == ",".join([path, *tags])
    assert len(old) == len(new)


def test_an_mmap_is_read_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_bytes(b"file_path,tag_code_7\na.jpg,True\nb.jpg,\n")
    with (
        (tmp_path / "data.csv").open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as source,
    ):
        data = read_data(source)
        assert data.paths(0, 2) == ["a.jpg", "b.jpg"]
        assert (
            b"".join(render(source, data.layout, ~data.values))
            == b"file_path,tag_code_7\na.jpg,False\nb.jpg,True\n"
        )
        del data


@pytest.mark.parametrize("encoding", ["shift_jis", "iso-2022-jp", "euc-jp", "cp932"])
def test_encodings_of_japan(encoding: str) -> None:
    """In Shift JIS the second byte of 表 is a backslash, in ISO-2022-JP all bytes of 日 look like ASCII."""
    text = 'file_path,clip_id,note,tag_code_1\r\n表示/ソ.jpg,日本,ー,True\r\nb.jpg,日本,"ア,イ",False\r\n'
    source = text.encode(encoding)
    data = read_data(source, encoding)
    assert data.paths(0, 2) == ["表示/ソ.jpg", "b.jpg"]
    assert data.clips.names == ["日本"]
    swapped = text.replace("True", "#").replace("False", "True").replace("#", "False")
    assert written(source, data, ~data.values) == swapped.encode(encoding)


@pytest.mark.parametrize("encoding", ["utf-16-be", "utf-32-be", "utf-32-le"])
def test_a_byte_order_mark_says_the_order_and_stays(encoding: str) -> None:
    source = "\ufefffile_path,tag_code_1\né.jpg,0\n".encode(encoding)
    data = read_data(source, encoding[:6])
    assert data.paths(0, 1) == ["é.jpg"]
    assert written(source, data, ~data.values) == "\ufefffile_path,tag_code_1\né.jpg,True\n".encode(encoding)


@example(b"\xef\xbb\xbf")
@given(st.sampled_from([b"", b"\xef\xbb\xbf"]))
def test_a_header_alone_is_an_empty_dataset(mark: bytes) -> None:
    source = mark + b' "file_path" ,tag_code_5'.replace(b' "', b'"').replace(b'" ', b'"')
    data = read_data(source)
    assert (data.rows, len(data.clips), data.paths(0, 10), data.values.shape) == (0, 0, [], (0, 1))
    assert written(source, data, data.values) == source


def test_form_b_takes_its_tag_from_the_first_row() -> None:
    source = b"file_path,label,tag_code\na,True,42.0\nb,,\nc,0,42\n"
    data = read_data(source)
    assert [(tag.code, tag.column) for tag in data.tags] == [(42, "label")]
    assert data.values.tolist() == [[True], [False], [False]]
    assert (
        written(source, data, ~data.values) == b"file_path,label,tag_code\na,False,42.0\nb,True,\nc,True,42\n"
    )


def test_values_and_source_must_be_those_of_the_layout() -> None:
    source = b"file_path,tag_code_1\na,1\n"
    data = read_data(source)
    with pytest.raises(ValueError, match="shape"):
        render(source, data.layout, np.zeros((2, 1), np.bool_))
    with pytest.raises(ValueError, match="bytes"):
        render(source + b"b,1\n", data.layout, data.values)


def test_paths_of_long_cells_come_in_order() -> None:
    long = [f"{number}-" + "x" * 400_000 for number in range(30)]
    source = ("file_path,tag_code_1\n" + "".join(f"{path},0\n" for path in long)).encode()
    assert read_data(source).paths(3, 28) == long[3:28]
