"""Clips: runs of rows that belong together, seen by one camera or by several at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.tagging.csv_scan import Positions

Cameras = NDArray[np.uint16]
_KEY = 1 << 16  # clip * _KEY + camera: one number for a camera of a clip


@dataclass(frozen=True, slots=True)
class Clips:
    """The clips of a file in index order: the end of each is the beginning of the next."""

    begin: Positions  # (c,) the first index
    end: Positions  # (c,) exclusive
    cameras: Positions  # (c,) shown side by side; divides end - begin; 1 where it cannot be told
    names: list[str]  # (c,) clip_id as the file has it; two clips that are apart may share one

    def __len__(self) -> int:
        return len(self.names)


def frame_order(camera: Cameras, begin: Positions, nameless: int | None) -> NDArray[np.int64] | None:
    """The file's row of each index, (n,), or None when every row stays where it is.

    camera: (n,) code of each row's camera; begin: (c,) each clip's first row; nameless: the code of no name.
    A clip that has all rows of one camera, then as many of the next and so on is read frame by frame:
    camera 1, camera 2, ..., camera 1 again (protocols/tagging.md, "Order of rows").
    """
    count = camera.size
    if not count:
        return None
    clip = _clip_of(begin, count)
    change = np.ones(count, np.bool_)
    change[1:] = camera[1:] != camera[:-1]
    change[begin] = True
    runs = np.flatnonzero(change)
    long = np.diff(runs, append=count)
    first = np.searchsorted(runs, begin)  # the first run of each clip
    groups = np.diff(first, append=runs.size)
    grouped = (
        (groups > 1)
        & (np.minimum.reduceat(long, first) == np.maximum.reduceat(long, first))
        & (long[first] > 1)
    )
    grouped[_doubled(clip[runs] * _KEY + camera[runs])] = False
    if nameless is not None:
        grouped[clip[runs[camera[runs] == nameless]]] = False
    if not grouped.any():
        return None
    order = np.arange(count)
    rows = np.flatnonzero(grouped[clip])
    its = clip[rows]
    local, cameras, frames = rows - begin[its], groups[its], long[first][its]
    order[rows] = begin[its] + local % cameras * frames + local // cameras
    return order


def count_cameras(camera: Cameras, begin: Positions, nameless: int | None) -> Positions:
    """The number of cameras of each clip, (c,), of rows in index order.

    The distance to the first repeated name if the names repeat with it to the end of the clip, the number of
    rows if none repeats, else 1; also 1 where a row of the clip has no camera's name.
    """
    count = camera.size
    if not count:
        return np.zeros(0, np.int64)
    clip = _clip_of(begin, count)
    size = np.diff(begin, append=count)
    key = clip * _KEY + camera
    by_key = np.argsort(key, kind="stable")
    repeat = np.zeros(count, np.bool_)
    repeat[by_key[1:]] = key[by_key[1:]] == key[by_key[:-1]]
    period = np.minimum.reduceat(np.where(repeat, np.arange(count), count), begin) - begin
    period = np.minimum(period, size)  # no repeat: the whole clip is one frame
    earlier = np.arange(count) - period[clip]
    agrees = (earlier < begin[clip]) | (camera == camera[np.maximum(earlier, 0)])
    agrees &= (size % period == 0)[clip]
    if nameless is not None:
        agrees &= camera != nameless
    return np.where(np.logical_and.reduceat(agrees, begin), period, 1)


def _clip_of(begin: Positions, count: int) -> Positions:
    return np.repeat(np.arange(begin.size), np.diff(begin, append=count))


def _doubled(keys: Positions) -> Positions:
    """The clips in which a camera has more than one run."""
    ordered = np.sort(keys)
    doubled: Positions = ordered[1:][ordered[1:] == ordered[:-1]] // _KEY
    return doubled
