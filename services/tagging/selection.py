"""Selections: which rows a filter means. Pure: columns in, row numbers out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.tagging.bits import BLOCK, Bits
from services.tagging.columns import Columns, fold
from services.tagging.repository import DatasetRow
from shared.contracts.tagging import RowFilter
from shared.errors import Unprocessable

STRETCH = 64  # blocks that are looked at together
Mask = NDArray[np.bool_]


class UnknownTag(Unprocessable):
    """The dataset has no tag of that code."""

    code = "unknown_tag"
    title = "The dataset has no such tag"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A filter in terms of columns. `ranges`: rows from, up to; None for all. `camera` -1 fits no row."""

    tags: tuple[int, ...] = ()
    not_tags: tuple[int, ...] = ()
    untagged: bool | None = None
    ranges: tuple[tuple[int, int], ...] | None = None
    camera: int | None = None
    q: bytes | None = None


def tag_position(codes: Sequence[str], code: str) -> int:
    """The column of a tag. Raises UnknownTag."""
    try:
        return codes.index(str(int(code)))
    except ValueError:
        raise UnknownTag(f"the tags are {', '.join(codes)}, not {code}") from None


def resolve(wanted: RowFilter, row: DatasetRow, columns: Columns) -> Wanted:
    """The filter for that dataset. Raises UnknownTag."""
    camera = None
    if wanted.camera is not None:
        camera = row.cameras.index(wanted.camera) if wanted.camera in row.cameras else -1
    return Wanted(
        tags=tuple(tag_position(row.codes, code) for code in wanted.tag),
        not_tags=tuple(tag_position(row.codes, code) for code in wanted.not_tag),
        untagged=wanted.untagged,
        ranges=None if wanted.clip is None else tuple(columns.ranges_of(wanted.clip)),
        camera=camera,
        q=None if wanted.q is None else fold(wanted.q.encode()),
    )


def _mask(columns: Columns, wanted: Wanted, values: Bits, start: int, stop: int) -> Mask:
    """Which of the rows from `start` to `stop` fit, paths apart; both are limits of blocks."""
    here = slice(start, stop)
    mask = np.ones(stop - start, np.bool_)
    if wanted.ranges is not None:
        mask[:] = False
        for first, last in wanted.ranges:
            mask[max(first - start, 0) : max(last - start, 0)] = True
    for tag in wanted.tags:
        mask &= values[tag, here]
    for tag in wanted.not_tags:
        mask &= ~values[tag, here]
    if wanted.untagged is not None:
        mask &= values[:, here].any(axis=0) != wanted.untagged
    if wanted.camera is not None:
        mask &= columns.cameras[here] == wanted.camera
    mask[max(columns.rows - start, 0) :] = False
    return mask


def select(
    columns: Columns, wanted: Wanted, *, begin: int = 0, values: Bits | None = None
) -> Iterator[NDArray[np.int64]]:
    """Rows that fit from `begin` on, in order, a stretch at a time; by `values` (T, padded rows) if given."""
    values = columns.values if values is None else values
    total = values.shape[1]
    stretch = STRETCH * BLOCK
    for start in range(begin // BLOCK * BLOCK, total, stretch):
        stop = min(start + stretch, total)
        if wanted.ranges is not None and not any(a < stop and b > start for a, b in wanted.ranges):
            continue
        mask = _mask(columns, wanted, values, start, stop)
        if begin > start:
            mask[: begin - start] = False
        if wanted.q is not None:
            _narrow(columns, wanted.q, mask, start)
        found = np.flatnonzero(mask)
        if len(found):
            yield found + start


def _narrow(columns: Columns, q: bytes, mask: Mask, start: int) -> None:
    """Leave the rows whose paths hold `q`; blocks without a candidate are not searched."""
    for offset in range(0, len(mask), BLOCK):
        part = mask[offset : offset + BLOCK]
        if part.any():
            part &= columns.paths.containing((start + offset) // BLOCK, q)


def take(stretches: Iterator[NDArray[np.int64]], limit: int) -> list[int]:
    """The first rows, at most `limit`."""
    found: list[int] = []
    for stretch in stretches:
        found.extend(stretch[: limit - len(found)].tolist())
        if len(found) >= limit:
            break
    return found
