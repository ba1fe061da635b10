"""A data CSV as arrays: bytes in, tags, clips and the places of all tag cells out. No database, no web."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.tagging.clips import Cameras, Clips
from services.tagging.csv_cells import cut
from services.tagging.csv_columns import Columns
from services.tagging.csv_layout import Layout, Offsets, Tag
from services.tagging.csv_reader import Reader
from services.tagging.csv_scan import LONGEST_ROW
from services.tagging.csv_text import PIECE, Bytes, Source, as_text, resolve, text_codec

MOST_ROWS = 10_000_000  # what some 600 MiB can take in
_CUT_SPAN = 4 << 20  # bytes copied at once to cut paths from


@dataclass(frozen=True, slots=True)
class DataFile:
    """What a data CSV says: n rows, T tags. Everything but `layout` is in index order."""

    layout: Layout
    text: Bytes  # the source, or its UTF-8 form (csv_text)
    values: NDArray[np.bool_]  # (n, T)
    clips: Clips
    camera: Cameras  # (n,) an index into camera_names
    camera_names: list[str]  # as they first appear; "" for rows without one
    has_clips: bool
    has_cameras: bool
    path_begin: Offsets  # (n,) where each file_path lies in the text, quotes included
    path_end: Offsets  # (n,)

    @property
    def tags(self) -> tuple[Tag, ...]:
        """The tags in the order of their columns."""
        return self.layout.tags

    @property
    def rows(self) -> int:
        """The number of rows, n."""
        return self.layout.rows

    @property
    def order(self) -> NDArray[np.int64]:
        """(n,) the file's row of each index."""
        order = self.layout.order
        return np.arange(self.rows) if order is None else order.astype(np.int64)

    def paths(self, begin: int, end: int) -> list[str]:
        """The file_path of the rows with indexes from `begin` to `end`, exclusive; unquoted and decoded."""
        begin, end, _ = slice(begin, end).indices(self.rows)
        codec = text_codec(self.layout.encoding)
        first = self.path_begin[begin:end].astype(np.int64)
        last = self.path_end[begin:end].astype(np.int64)
        if not first.size:
            return []
        low, high = int(first.min()), int(last.max())
        if high - low > _CUT_SPAN and end - begin > 1:
            middle = (begin + end) // 2
            return self.paths(begin, middle) + self.paths(middle, end)
        cells = cut(self.text[low:high].tobytes(), first - low, last - low, quoted=True)
        return [cell.decode(codec) for cell in cells]


def read_data(
    source: Source,
    encoding: str = "utf-8",
    *,
    piece: int = PIECE,
    longest_row: int = LONGEST_ROW,
    most_rows: int = MOST_ROWS,
) -> DataFile:
    """Read a whole data CSV, in pieces of about `piece` bytes; a row has at most `longest_row` bytes.

    An mmap is read where it lies, and must stay open as long as the answer lives. Beside it this takes some
    12 bytes a row and 7 a tag cell, twice that for a moment at the end.
    Raises InvalidCsv for everything that is wrong, with the rows.
    """
    codec = resolve(source, encoding)
    text = as_text(source, codec)
    reader = Reader(text, text_codec(codec))
    reader.read(piece, longest_row, most_rows)
    return _arranged(reader.columns(), text, codec, len(source))


def _arranged(columns: Columns, text: Bytes, codec: str, size: int) -> DataFile:
    order = columns.order()
    camera, path_begin, path_end = columns.camera, columns.path_begin, columns.path_end
    if order is not None:
        camera, path_begin, path_end = camera[order], path_begin[order], path_end[order]
    layout = Layout(codec, columns.tags, size, columns.start, columns.length, columns.values, order)
    return DataFile(
        layout=layout,
        text=text,
        values=layout.by_index(columns.values),
        clips=columns.clips(camera),
        camera=camera,
        camera_names=columns.camera_names,
        has_clips=columns.has_clips,
        has_cameras=columns.has_cameras,
        path_begin=path_begin,
        path_end=path_end,
    )
