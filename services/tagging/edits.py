"""Edits: what a change makes of the tags of rows. Pure.

Values have the shape (T, rows), as everywhere in this service.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from services.tagging.bits import BLOCK, Bits, Versions
from services.tagging.flips import Flips
from services.tagging.selection import tag_position
from shared.contracts.tagging import Change
from shared.errors import Unprocessable


class SingleSelection(Unprocessable):
    """Several tags at once for a row that may carry one."""

    code = "single_selection"
    title = "A row of this dataset carries one tag"


class Edit(Protocol):
    """Turns the values of some rows (T, k), whose numbers are `rows`, into new ones."""

    def __call__(self, values: Bits, rows: NDArray[np.int64]) -> Bits:
        """New values of the same shape; the given ones stay as they are."""
        ...


@dataclass(frozen=True, slots=True)
class TagEdit:
    """Set, toggle and clear, by column."""

    set: Mapping[int, bool]
    toggle: tuple[int, ...]
    clear: bool
    single: bool

    def one(self, values: Sequence[bool]) -> list[bool]:
        """The same for one row, whose tags are `values`: the arrays would cost more than all else."""
        new = [False] * len(values) if self.clear else list(values)
        for tag, value in self.set.items():
            if value and self.single:
                new = [False] * len(values)
            new[tag] = value
        for tag in self.toggle:
            on = not values[tag]
            if on and self.single:
                new = [False] * len(values)
            new[tag] = on
        return new

    def __call__(self, values: Bits, rows: NDArray[np.int64]) -> Bits:
        """See Edit."""
        del rows
        new = np.zeros_like(values) if self.clear else values.copy()
        for tag, value in self.set.items():
            if value and self.single:
                new[:] = False
            new[tag] = value
        for tag in self.toggle:
            on = ~values[tag]
            if self.single:
                new[:, on] = False
            new[tag] = on
        return new


def tag_edit(change: Change, codes: Sequence[str], *, multiple: bool) -> TagEdit:
    """The edit that a change asks for in a dataset with those tags. Raises UnknownTag, SingleSelection."""
    wanted = {tag_position(codes, code): value for code, value in change.set.items()}
    toggle = tuple(dict.fromkeys(tag_position(codes, code) for code in change.toggle))
    single = not multiple
    if single and sum(wanted.values()) + len(toggle) > 1:
        raise SingleSelection("set or toggle one tag; the others go by themselves")
    return TagEdit(wanted, toggle, change.clear, single)


@dataclass(frozen=True, slots=True)
class FlipEdit:
    """Turns cells over again. `single`: a row that would carry several tags by that stays as it is."""

    flips: Flips
    single: bool = False

    def __call__(self, values: Bits, rows: NDArray[np.int64]) -> Bits:
        """See Edit; `flips.values` are what the cells are to become."""
        flips = self.flips
        new = values.copy()
        first = np.searchsorted(flips.cells, rows[0] * flips.tags)
        last = np.searchsorted(flips.cells, (rows[-1] + 1) * flips.tags)
        cells = flips.cells[first:last]
        new[cells % flips.tags, np.searchsorted(rows, cells // flips.tags)] = flips.values[first:last]
        if self.single:
            several = np.count_nonzero(new, axis=0) > 1
            new[:, several] = values[:, several]
        return new


@dataclass(slots=True)
class OpenBlock:
    """A block that is being changed: bits (T, BLOCK) and versions (BLOCK,), both writable."""

    number: int
    bits: Bits
    versions: Versions
    touched: bool = False


@dataclass(frozen=True, slots=True)
class Applied:
    """Cells that turned over, their values now, and by how much the number of tagged rows grew."""

    cells: NDArray[np.int64]
    values: NDArray[np.bool_]
    tagged: int


UNCHANGED = Applied(np.empty(0, np.int64), np.empty(0, np.bool_), 0)


def apply(edit: Edit, block: OpenBlock, rows: NDArray[np.int64]) -> Applied:
    """Change the block's rows (sorted, all in the block)."""
    local = rows - block.number * BLOCK
    old = block.bits[:, local]
    new = edit(old, rows)
    at, tag = np.nonzero((old != new).T)
    if len(at) == 0:
        return UNCHANGED
    block.bits[:, local] = new
    block.versions[local[np.unique(at)]] += 1
    block.touched = True
    tagged = int(np.count_nonzero(new.any(axis=0))) - int(np.count_nonzero(old.any(axis=0)))
    return Applied(rows[at] * len(old) + tag, new[tag, at], tagged)
