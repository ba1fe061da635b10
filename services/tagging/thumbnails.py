"""Thumbnails: an image as a JPEG that fits into a square. Pure: bytes in, bytes out."""

from shared.imaging import ImageFormat, ImageLimits, probe
from shared.imaging.view import View

QUALITY = 80


def thumbnail(source: bytes, edge: int, limits: ImageLimits) -> bytes:
    """A JPEG of the image, upright, in sRGB, at most `edge` pixels a side; never enlarged.

    Raises UnsupportedFormat, ImageTooLarge, BrokenImage.
    """
    from shared.imaging.encode import encode  # OpenCV and Pillow: 20 MiB, for the first one
    from shared.imaging.pixels import decode

    info = probe(source, limits)
    scale = min(edge / max(info.width, info.height), 1)
    size = (max(round(info.width * scale), 1), max(round(info.height * scale), 1))
    return encode(decode(source, info, View((info.width, info.height), size)), ImageFormat.JPEG, QUALITY)
