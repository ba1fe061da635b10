"""TIFFs that Pillow does not read: floats, and 16 or 32 bits in colour."""

import numpy as np
from PIL import Image

from shared.imaging.errors import BrokenImage
from shared.imaging.opencv import cv2


def open_tiff(data: bytes) -> Image.Image:
    """The first page as Pillow would have it, upright. Raises BrokenImage.

    Samples over 8 bits are stretched from their smallest to their largest value: what they mean is
    known only to whoever made them.
    """
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise BrokenImage("No decoder here reads this TIFF.")
    if pixels.dtype != np.uint8:
        pixels = _stretched(pixels.astype(np.float64))
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    if channels in (3, 4):
        order = cv2.COLOR_BGR2RGB if channels == 3 else cv2.COLOR_BGRA2RGBA
        pixels = cv2.cvtColor(pixels, order)
    return Image.fromarray(pixels)


def _stretched(
    samples: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    finite = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(finite.min()), float(finite.max())
    return np.rint((finite - low) * 255 / ((high - low) or 1)).astype(np.uint8)
