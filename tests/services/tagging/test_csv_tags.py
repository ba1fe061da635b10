"""The partial CSV of the old protocol, and the export for spreadsheets."""

import csv
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from services.tagging.bits import BLOCK
from services.tagging.csv_export import export_cells
from services.tagging.csv_file import read_data
from services.tagging.csv_tags import BlockText, render_tags
from tests.services.tagging.tables import Table, tables


def test_partial_csv() -> None:
    assert render_tags([7, 100], np.array([[True, False], [False, False]])) == (
        b"tag_code_7,tag_code_100\nTrue,False\nFalse,False\n"
    )
    assert render_tags([7], np.zeros((0, 1), np.bool_)) == b"tag_code_7\n"


@pytest.mark.parametrize("tags", [1, 5, 8, 9, 30])
def test_pandas_reads_the_partial_csv(tags: int) -> None:
    values = np.random.default_rng(tags).random((70_000, tags)) < 0.3
    frame = pd.read_csv(io.BytesIO(render_tags(list(range(tags)), values)))
    assert list(frame.columns) == [f"tag_code_{code}" for code in range(tags)]
    assert (frame.to_numpy() == values).all()


@pytest.mark.parametrize("rows", [1, BLOCK, 2 * BLOCK + 3])
def test_blocks_are_rendered_again_when_they_have_changed(rows: int) -> None:
    rng = np.random.default_rng(rows)
    padded = -(-rows // BLOCK) * BLOCK
    values = np.zeros((3, padded), np.bool_)
    values[:, :rows] = rng.random((3, rows)) < 0.5
    text = BlockText(padded // BLOCK)
    assert text.render([7, 8, 9], values, rows) == render_tags([7, 8, 9], values[:, :rows].T)
    before = text.render([7, 8, 9], values, rows)
    for block in range(padded // BLOCK):
        row = min(block * BLOCK + 5, rows - 1)
        values[1, row] ^= True
        text.forget(block)
        assert text.render([7, 8, 9], values, rows) == render_tags([7, 8, 9], values[:, :rows].T) != before
    assert text.size == len(text.render([7, 8, 9], values, rows)) - len(b"tag_code_7,tag_code_8,tag_code_9\n")


@settings(deadline=None)
@given(tables())
def test_an_export_defuses_every_formula_and_nothing_else(table: Table) -> None:
    source = table.source.encode()
    data = read_data(source)
    exported = b"".join(export_cells(source, data.layout, data.values)).decode()
    before, after = (list(csv.reader(io.StringIO(text, newline=""))) for text in (table.source, exported))
    assert after == [
        [f"'{cell}" if cell.startswith(tuple("=+-@\t\r")) else cell for cell in row] for row in before
    ]


def test_an_export_has_the_tags_as_they_are_now() -> None:
    source = b'\xef\xbb\xbf+n,file_path,tag_code_1\r\n"=1+1",-a,0\r\n"""x",b,\tTrue\r\n'
    data = read_data(source)
    assert b"".join(export_cells(source, data.layout, ~data.values)) == (
        b'\xef\xbb\xbf\'+n,file_path,tag_code_1\r\n"\'=1+1",\'-a,True\r\n"""x",b,\'\tFalse\r\n'
    )
