"""Reading a data CSV row by row: what each piece of the file adds to the columns."""

from itertools import chain
from operator import ne
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.tagging.csv_cells import cut, read_tag_cells, unquote
from services.tagging.csv_columns import Columns
from services.tagging.csv_header import Header, read_code, read_header
from services.tagging.csv_layout import Tag
from services.tagging.csv_problem import Findings, InvalidCsv
from services.tagging.csv_scan import QUOTE, Positions, Rows, scan
from services.tagging.csv_text import BOM, Bytes

MOST_CAMERAS = 65_535  # a camera's code is 16 bits
DETAILS = {  # the most telling first: what comes later may only follow from it
    "bad_encoding": "the bytes of these rows are not text in the encoding of the dataset",
    "nul": "there is a NUL in these rows: is the encoding right?",
    "ragged_rows": "these rows have more or fewer cells than the header",
    "bad_tag_code": "the tag's number in these rows is not the first row's",
    "empty_path": "these rows have no file_path",
    "bad_tag_cells": "a tag cell of these rows is neither True nor False",
}


class _Codes(dict[bytes, int]):
    """A number for each name, given out as they come."""

    def __missing__(self, name: bytes) -> int:
        self[name] = code = len(self)
        return code


class Reader:
    """Takes one file in; `columns` answers when `read` is through."""

    def __init__(self, text: Bytes, codec: str) -> None:
        """`codec` is the encoding of `text`."""
        self._text = text
        self._codec = codec
        self._wide = np.uint32 if text.size < 1 << 32 else np.uint64
        self._header: Header | None = None
        self._tags: tuple[Tag, ...] = ()
        self._rows = 0
        self._findings = Findings(DETAILS)
        self._parts: dict[str, list[NDArray[Any]]] = {}
        self._cameras = _Codes()
        self._clip: bytes | None = None  # the clip of the last row
        self._clip_names: list[str] = []

    def read(self, piece: int, longest: int, most_rows: int) -> None:
        """Read all rows. Raises InvalidCsv."""
        begin = len(BOM) if self._codec == "utf-8" and self._text[: len(BOM)].tobytes() == BOM else 0
        for rows in scan(self._text, begin, piece=piece, longest=longest):
            if self._header is None:
                self._header = read_header(self._names(rows))
                self._tags = self._header.tags
                rows = rows.after_first()  # noqa: PLW2901 - the header is the first row of the first piece alone
            if rows.starts.size:
                self._add(self._header, rows)
                self._rows += rows.starts.size
            if self._rows > most_rows:
                raise InvalidCsv("too_many_rows", f"there are more than {most_rows} rows")
        self._findings.check()
        if self._header is None:
            raise InvalidCsv("no_header", "the file is empty: it has not even a header")
        if not self._tags:
            raise InvalidCsv("bad_tag_code", "without any row there is nothing that tells the tag's number")

    def columns(self) -> Columns:
        """Everything that was read."""
        shape = (self._rows, len(self._tags))
        path = self._joined("path_begin", self._wide), self._joined("path_end", self._wide)
        has_clips = self._header is not None and self._header.clip is not None
        if not has_clips and self._rows:
            self._keep(clip_begin=np.zeros(1, np.int64))
            self._clip_names = [""]
        return Columns(
            tags=self._tags,
            start=self._joined("start", self._wide).reshape(shape),
            length=self._joined("length", np.uint8).reshape(shape),
            values=self._joined("value", np.bool_).reshape(shape),
            path_begin=path[0],
            path_end=path[1],
            camera=self._joined("camera", np.uint16),
            camera_names=[name.decode(self._codec) for name in self._cameras],
            clip_begin=self._joined("clip_begin", np.int64),
            clip_names=self._clip_names,
            has_clips=has_clips,
            has_cameras=self._header is not None and self._header.camera is not None,
        )

    def _names(self, rows: Rows) -> list[str]:
        begin = rows.starts[0]
        stops = rows.stops[: rows.lasts[0] + 1]
        chunk = self._text[begin : stops[-1]].tobytes()
        try:
            chunk.decode(self._codec)
        except UnicodeError:
            raise InvalidCsv(
                "bad_encoding", "the header is not text in the encoding of the dataset"
            ) from None
        if b"\0" in chunk:
            raise InvalidCsv("nul", "there is a NUL in the header: is the encoding right?")
        starts = np.concatenate(([begin], stops[:-1] + 1))
        return [cell.decode(self._codec) for cell in cut(chunk, starts - begin, stops - begin, quoted=True)]

    def _add(self, header: Header, rows: Rows) -> None:
        begin = int(rows.starts[0])
        chunk = self._text[begin : rows.end].tobytes()
        whole = self._check_bytes(rows, chunk)
        ragged = np.flatnonzero(rows.widths() != len(header.names))
        self._note("ragged_rows", ragged)
        if ragged.size or not whole:
            return  # where the columns are is not known, or their text cannot be read
        fields = _Fields(rows, chunk, begin, len(header.names))
        self._add_paths(header, fields)
        self._add_tags(header, fields)
        self._add_cameras(header, fields)
        if header.clip is not None:
            self._add_clips(fields.cells(header.clip))

    def _check_bytes(self, rows: Rows, chunk: bytes) -> bool:
        if chunk.isascii() and b"\0" not in chunk:
            return True
        lines = rows.stops[rows.lasts]
        if b"\0" in chunk:
            nul = np.flatnonzero(self._text[rows.starts[0] : rows.end] == 0) + rows.starts[0]
            self._note("nul", np.unique(np.searchsorted(rows.starts, nul, side="right") - 1))
        try:
            chunk.decode(self._codec)
        except UnicodeError:
            pairs = enumerate(zip(rows.starts.tolist(), lines.tolist(), strict=True))
            self._note(
                "bad_encoding", [row for row, (first, last) in pairs if not self._readable(first, last)]
            )
            return False
        return b"\0" not in chunk

    def _readable(self, begin: int, end: int) -> bool:
        try:
            self._text[begin:end].tobytes().decode(self._codec)
        except UnicodeError:
            return False
        return True

    def _add_paths(self, header: Header, fields: "_Fields") -> None:
        begin, end = fields.column(header.path)
        first = self._text.take(begin, mode="clip")
        doubtful = np.flatnonzero((end == begin) | (first == QUOTE) | (first <= ord(" ")))
        cells = zip(doubtful.tolist(), begin[doubtful].tolist(), end[doubtful].tolist(), strict=True)
        self._note("empty_path", [row for row, a, b in cells if not unquote(fields.raw(a, b)).strip()])
        self._keep(path_begin=begin.astype(self._wide), path_end=end.astype(self._wide))

    def _add_tags(self, header: Header, fields: "_Fields") -> None:
        if header.code is not None:
            self._check_codes(fields.cells(header.code))
        columns = [fields.column(column) for column in header.tag_columns]
        begin = np.stack([column[0] for column in columns], axis=1)
        end = np.stack([column[1] for column in columns], axis=1)
        cells = read_tag_cells(self._text, begin, end)
        self._note("bad_tag_cells", np.flatnonzero(cells.bad.any(axis=1)))
        self._keep(
            start=cells.start.astype(self._wide), length=cells.length.astype(np.uint8), value=cells.value
        )

    def _check_codes(self, cells: list[bytes]) -> None:
        """Form B: the first row names the tag; others may name it again or leave the cell empty."""
        if not self._tags:
            code = read_code(cells[0].decode(self._codec))
            if code is None:
                raise InvalidCsv(
                    "bad_tag_code", "the tag's number in the first row is not a number", rows=[1]
                )
            self._tags = (Tag(code, "label"),)
        expected = self._tags[0].code
        wrong = {
            cell for cell in set(cells) if cell.strip() and read_code(cell.decode(self._codec)) != expected
        }
        if wrong:
            self._note("bad_tag_code", [row for row, cell in enumerate(cells) if cell in wrong])

    def _add_cameras(self, header: Header, fields: "_Fields") -> None:
        if header.camera is None:
            code = self._cameras[b""]
            self._keep(camera=np.full(fields.count, code, np.uint16))
            return
        cells = fields.cells(header.camera)
        codes = list(map(self._cameras.__getitem__, cells))
        if len(self._cameras) > MOST_CAMERAS:
            row = self._rows + codes.index(MOST_CAMERAS) + 1
            raise InvalidCsv("too_many_cameras", f"there are more than {MOST_CAMERAS} cameras", rows=[row])
        self._keep(camera=np.array(codes, np.uint16))

    def _add_clips(self, cells: list[bytes]) -> None:
        changes = np.fromiter(map(ne, cells, chain([self._clip], cells)), np.bool_, len(cells))
        begins = np.flatnonzero(changes)
        self._clip = cells[-1]
        self._clip_names += [cells[row].decode(self._codec) for row in begins.tolist()]
        self._keep(clip_begin=begins + self._rows)

    def _note(self, reason: str, rows: list[int] | Positions) -> None:
        self._findings.add(reason, rows if isinstance(rows, list) else rows.tolist(), self._rows)

    def _keep(self, **parts: NDArray[Any]) -> None:
        for name, part in parts.items():
            self._parts.setdefault(name, []).append(part)

    def _joined(self, name: str, kind: type[np.generic]) -> NDArray[Any]:
        parts = self._parts.pop(name, [])
        return np.concatenate(parts) if parts else np.zeros(0, kind)


class _Fields:
    """Rows that all have the same number of fields, by column."""

    def __init__(self, rows: Rows, chunk: bytes, begin: int, width: int) -> None:
        self._starts = rows.starts
        self._stops = rows.stops.reshape(-1, width)
        self._chunk = chunk
        self._begin = begin
        self._quoted = rows.quoted
        self.count = rows.starts.size

    def column(self, column: int) -> tuple[Positions, Positions]:
        """Where the fields of a column begin and end."""
        begin = self._stops[:, column - 1] + 1 if column else self._starts
        return begin, self._stops[:, column]

    def raw(self, begin: int, end: int) -> bytes:
        """The bytes between two offsets."""
        return self._chunk[begin - self._begin : end - self._begin]

    def cells(self, column: int) -> list[bytes]:
        """The content of a column's fields."""
        begin, end = self.column(column)
        return cut(self._chunk, begin - self._begin, end - self._begin, quoted=self._quoted)
