"""Images: what one is (`probe`), and its pixels upright and in sRGB (`shared.imaging.pixels`).

Importing this package loads neither OpenCV nor Pillow: the upload path needs headers alone.
"""

from shared.imaging.errors import BrokenImage, ImageTooLarge, UnsupportedFormat
from shared.imaging.info import ImageFormat, ImageInfo, ImageLimits
from shared.imaging.probe import probe, sniff

__all__ = [
    "BrokenImage",
    "ImageFormat",
    "ImageInfo",
    "ImageLimits",
    "ImageTooLarge",
    "UnsupportedFormat",
    "probe",
    "sniff",
]
