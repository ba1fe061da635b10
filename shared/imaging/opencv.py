"""OpenCV, set up for a service: the one place that imports it, when it is first used (16 MiB).

OpenCV reads OPENCV_IO_MAX_IMAGE_PIXELS when it is loaded, so the limit is set first. It is a second line
behind ImageLimits: pixels.py hands larger images, where ImageLimits allows them, to Pillow.
"""

import os
from types import ModuleType
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.imaging.info import ImageLimits
from shared.late import LateModule

MAX_PIXELS = ImageLimits().max_pixels
os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"] = str(MAX_PIXELS)


def _prepare(module: ModuleType) -> None:
    """Whoever calls bounds the work by a pool of threads; a second pool inside would only fight it."""
    module.setNumThreads(1)


if TYPE_CHECKING:
    import cv2
else:
    cv2 = LateModule("cv2", _prepare)

Pixels: TypeAlias = NDArray[np.uint8]
"""Height x width (grey), or height x width x 2 (grey, alpha), 3 (RGB) or 4 (RGBA); straight alpha."""

__all__ = ["MAX_PIXELS", "Pixels", "cv2"]
