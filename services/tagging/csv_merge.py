"""A data CSV that someone else changed: their file, our tags where the rows still match."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from services.tagging.csv_file import DataFile
from services.tagging.csv_problem import InvalidCsv
from services.tagging.csv_scan import Positions

Keys = NDArray[np.uint64]
_ROWS = 1 << 14


@dataclass(frozen=True, slots=True)
class Merge:
    """What becomes of their file. Indexes are in index order of the side they are of."""

    values: NDArray[np.bool_]  # (n of theirs, T) for their file, in the order of its tags
    source_row: Positions  # (n of theirs,) our index of each of their rows, -1 where there is none
    added: Positions  # their indexes that match nothing of ours: they keep what their file says
    removed: Positions  # our indexes that match nothing of theirs


def merge(theirs: DataFile, ours: DataFile, values: NDArray[np.bool_]) -> Merge:
    """Bring `values` ((n of ours, T), index order) into their file.

    Rows match by file_path, clip_id and modality; of several alike the first matches the first, and so on.
    Raises InvalidCsv (differing_tags) when the two files have not the same tags, in any order.
    """
    return merge_keys(theirs, [tag.code for tag in ours.tags], row_keys(ours), values)


def merge_keys(theirs: DataFile, codes: Sequence[int], keys: Keys, values: NDArray[np.bool_]) -> Merge:
    """As merge, with our side as the codes of its tags and the keys of its rows."""
    their_codes = [tag.code for tag in theirs.tags]
    if sorted(their_codes) != sorted(codes):
        detail = f"the file on disk has the tags {their_codes}, the dataset {list(codes)}"
        raise InvalidCsv("differing_tags", detail)
    source = _match(row_keys(theirs), keys)
    columns = [list(codes).index(code) for code in their_codes]
    merged = theirs.values.copy()
    known = np.flatnonzero(source >= 0)
    merged[known] = values[source[known]][:, columns]
    gone = np.ones(len(keys), np.bool_)
    gone[source[known]] = False
    return Merge(merged, source, np.flatnonzero(source < 0), np.flatnonzero(gone))


def row_keys(data: DataFile) -> Keys:
    """What rows are recognised by, (n, 2), in index order: some 2 s for 1,000,000 rows."""
    return keys_of(_identities(data))


def keys_of(rows: Iterable[tuple[str, str, str]]) -> Keys:
    """The keys of rows given as file_path, clip_id and modality ("" where there is none), (n, 2): 128 bits of
    BLAKE2b, so that no two rows are ever taken for one."""
    digests = bytearray()
    for row in rows:
        digests += blake2b("\0".join(row).encode("utf-8", "surrogatepass"), digest_size=16).digest()
    return np.frombuffer(bytes(digests), "<u8").reshape(-1, 2)


def _identities(data: DataFile) -> Iterator[tuple[str, str, str]]:
    clip = np.repeat(np.arange(len(data.clips)), data.clips.end - data.clips.begin)
    for begin in range(0, data.rows, _ROWS):
        end = min(begin + _ROWS, data.rows)
        clips = [data.clips.names[number] for number in clip[begin:end].tolist()]
        cameras = [data.camera_names[code] for code in data.camera[begin:end].tolist()]
        yield from zip(data.paths(begin, end), clips, cameras, strict=True)


def _match(theirs: Keys, ours: Keys) -> Positions:
    """Our row for each of theirs, -1 for none."""
    both = np.concatenate((theirs, ours))
    order = np.lexsort(
        (both[:, 1], both[:, 0])
    )  # stable: of rows alike, theirs come first, and each side in order
    ranked = both[order]
    fresh = np.ones(len(both), np.bool_)
    fresh[1:] = (ranked[1:] != ranked[:-1]).any(axis=1)
    group = np.cumsum(fresh) - 1
    mine = order >= len(theirs)
    their_places, our_places = np.flatnonzero(~mine), np.flatnonzero(mine)
    heads = np.flatnonzero(fresh)
    ahead = np.concatenate(([0], np.cumsum(~mine)))[heads]  # of theirs before each group
    number = np.arange(their_places.size) - ahead[group[their_places]]
    ahead_ours = np.concatenate(([0], np.cumsum(mine)))[np.append(heads, len(both))]
    first, count = ahead_ours[group[their_places]], np.diff(ahead_ours)[group[their_places]]
    found = np.full(len(theirs), -1, np.int64)
    has = number < count
    found[order[their_places[has]]] = order[our_places[(first + number)[has]]] - len(theirs)
    return found
