"""The rows of a data CSV as columns of arrays, in the order of the file."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.tagging.clips import Cameras, Clips, count_cameras, frame_order
from services.tagging.csv_layout import Offsets, Tag
from services.tagging.csv_scan import Positions


@dataclass(frozen=True, slots=True)
class Columns:
    """All rows, in the order of the file."""

    tags: tuple[Tag, ...]
    start: Offsets  # (n, T)
    length: NDArray[np.uint8]  # (n, T)
    values: NDArray[np.bool_]  # (n, T)
    path_begin: Offsets  # (n,)
    path_end: Offsets  # (n,)
    camera: Cameras  # (n,)
    camera_names: list[str]
    clip_begin: Positions  # (c,)
    clip_names: list[str]
    has_clips: bool
    has_cameras: bool

    @property
    def _nameless(self) -> int | None:
        return self.camera_names.index("") if "" in self.camera_names else None

    def order(self) -> Offsets | None:
        """The file's row of each index, (n,), or None where they are the same."""
        order = frame_order(self.camera, self.clip_begin, self._nameless) if self.has_cameras else None
        if order is None:
            return None
        return order.astype(np.uint32) if self.start.dtype == np.uint32 else order.astype(np.uint64)

    def clips(self, camera: Cameras) -> Clips:
        """The clips, by the cameras of the rows in index order."""
        end = np.append(self.clip_begin[1:], camera.size)[: self.clip_begin.size]
        if self.has_cameras:
            cameras = count_cameras(camera, self.clip_begin, self._nameless)
        else:
            cameras = np.ones(self.clip_begin.size, np.int64)
        return Clips(self.clip_begin, end, cameras, self.clip_names)
