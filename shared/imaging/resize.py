"""Making arrays of pixels smaller, and turning them the right way up. No step here enlarges the whole."""

import math
from typing import cast

import numpy as np

from shared.imaging.opencv import Pixels, cv2


def shrink(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """`pixels` (no alpha) at `size` (width, height).

    A cubic step to the nearest multiple of `size`, then the mean over whole blocks. Against a Lanczos
    reference that is 2 to 8 dB better than INTER_AREA alone down to 2/3 of the size, where most of what
    JPEG's reduced decoding leaves to do lies, and at most 1.3 dB worse at any size (tried on four
    photographs). It takes 0.2 to 0.8 of the time, as only INTER_AREA by whole numbers is vectorised.
    """
    height, width = pixels.shape[:2]
    if (width, height) == size:
        return pixels
    across = max(1, math.ceil(0.9 * width / size[0]))
    down = max(1, math.ceil(0.9 * height / size[1]))
    step = (size[0] * across, size[1] * down)
    if step != (width, height):
        pixels = _pixels(cv2.resize(pixels, step, interpolation=cv2.INTER_CUBIC))
    if step != size:
        pixels = _pixels(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
    return pixels


def centre(pixels: Pixels, keep: tuple[int, int]) -> Pixels:
    """The middle part of `keep` (width, height) pixels, as a view."""
    top, left = (pixels.shape[0] - keep[1]) // 2, (pixels.shape[1] - keep[0]) // 2
    return pixels[top : top + keep[1], left : left + keep[0]]


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """`pixels` as EXIF's `orientation` (1 to 8) wants them seen."""
    if orientation in (5, 7):
        pixels = _pixels(cv2.transpose(pixels))
    if orientation in (2, 4):
        return _pixels(cv2.flip(pixels, 1 if orientation == 2 else 0))
    turn = {
        3: cv2.ROTATE_180,
        6: cv2.ROTATE_90_CLOCKWISE,
        7: cv2.ROTATE_180,
        8: cv2.ROTATE_90_COUNTERCLOCKWISE,
    }.get(orientation)
    return pixels if turn is None else _pixels(cv2.rotate(pixels, turn))


def _pixels(array: object) -> Pixels:
    """OpenCV's answer; its stubs do not tell that 8 bits in are 8 bits out (and 16 are 16)."""
    return cast("Pixels", np.asarray(array))
