"""Sheets: the images of several rows in one answer. For 20 KB a call costs many times what its bytes do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from services.tagging.pictures import HELD, Pictures
from shared.errors import DarkroomError
from shared.web.content import Content
from shared.web.problems import problem_of

GROUP = 16  # rows that are looked for together: so many files are in memory beside the answer
SHEET_BYTES = 4 * 1024 * 1024  # of one answer; the rows that do not fit are left to the next


@dataclass(frozen=True, slots=True)
class Sheet:
    """`heads` as contracts.tagging.Picture, and the bytes of the images one behind the other."""

    heads: list[dict[str, Any]]
    images: list[bytes]

    def body(self) -> bytes:
        """A line of JSON, then the bytes."""
        return b"".join([to_json(self.heads), b"\n", *self.images])


async def make_sheet(pictures: Pictures, dataset: int, rows: Sequence[int], request_id: str) -> Sheet:
    """The images of the rows in their order, as many as fit and one at least.

    Raises DatasetNotFound, DatasetNotReady; what is wrong with one row stands in its head.
    """
    sheet = Sheet([], [])
    room = SHEET_BYTES
    for begin in range(0, len(rows), GROUP):
        group = rows[begin : begin + GROUP]
        for row, found in zip(group, await pictures.find_several(dataset, group), strict=True):
            data = found.data if isinstance(found, Content) and found.size <= HELD else None
            room -= len(data or b"")
            if room < 0 and sheet.heads:
                return sheet
            if data is not None:
                sheet.images.append(data)
            sheet.heads.append(_head(row, found, request_id))
    return sheet


def _head(row: int, found: Content | DarkroomError, request_id: str) -> dict[str, Any]:
    if not isinstance(found, Content):
        return {"row": row, "problem": problem_of(found, request_id)}
    if found.data is None or found.size > HELD:
        return {"row": row, "apart": True}
    return {
        "row": row,
        "size": found.size,
        "media_type": found.headers[0][1].decode(),
        "etag": found.etag.decode(),
    }
