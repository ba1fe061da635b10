"""Late labels: those that are made while a merge is prepared reach its rows too. Pure."""

from collections.abc import Sequence

import numpy as np

from services.tagging.bits import BLOCK, pack, pack_versions, unpack
from services.tagging.block_repository import BlockRow
from services.tagging.csv_merge import Merge


def bring_in(merged: Merge, late: Sequence[BlockRow], columns: Sequence[int], version: int) -> list[BlockRow]:
    """Put the tags of our changed blocks into the merge's values, and return its blocks that hold them.

    `columns`: our column of each of its tags. `version`: of every row of those blocks.
    """
    touched = [np.empty(0, np.int64)]
    for block in late:
        first = block.block * BLOCK
        theirs = np.flatnonzero((merged.source_row >= first) & (merged.source_row < first + BLOCK))
        bits = unpack(block.bits, len(columns))[list(columns)]
        merged.values[theirs] = bits[:, merged.source_row[theirs] - first].T
        touched.append(theirs // BLOCK)
    return [_packed(merged, number, version) for number in np.unique(np.concatenate(touched)).tolist()]


def _packed(merged: Merge, number: int, version: int) -> BlockRow:
    values = merged.values[number * BLOCK : (number + 1) * BLOCK]
    bits = pack(np.ascontiguousarray(values.T))
    return BlockRow(number, bits, pack_versions(np.full(len(values), version, np.uint32)))
