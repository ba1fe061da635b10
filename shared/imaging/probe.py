"""What an image is, from its header alone: nothing is decoded, and little is read."""

from collections.abc import Callable

from shared.imaging import avif, bmp, gif, jpeg, png, tiff, webp
from shared.imaging.errors import UnsupportedFormat
from shared.imaging.header import Header
from shared.imaging.info import ImageFormat, ImageInfo, ImageLimits
from shared.imaging.source import ImageSource, open_source

_SIGNATURE_BYTES = 256
_READERS: dict[ImageFormat, Callable[..., Header]] = {
    ImageFormat.JPEG: jpeg.read_header,
    ImageFormat.PNG: png.read_header,
    ImageFormat.WEBP: webp.read_header,
    ImageFormat.TIFF: tiff.read_header,
    ImageFormat.BMP: bmp.read_header,
    ImageFormat.GIF: gif.read_header,
    ImageFormat.AVIF: avif.read_header,
}
_DEFAULT_LIMITS = ImageLimits()


def probe(image: ImageSource, limits: ImageLimits = _DEFAULT_LIMITS) -> ImageInfo:
    """What an image is: bytes, a path, or a seekable binary file (its position is left anywhere).

    Raises UnsupportedFormat, ImageTooLarge, BrokenImage. That the header reads well says nothing of the
    pixels: decoding them may still raise BrokenImage.
    """
    with open_source(image) as source:
        kind = sniff(source.at(0, _SIGNATURE_BYTES))
        header = _READERS[kind](source)
    limits.check(header.width, header.height)
    width, height = header.width, header.height
    if header.exif.orientation >= 5:
        width, height = height, width
    exif = header.exif
    return ImageInfo(kind, width, height, exif.orientation, exif.taken_at, header.graphic)


def sniff(head: bytes) -> ImageFormat:
    """The format of a file that starts with `head`, at least 64 bytes where it has them.

    Raises UnsupportedFormat.
    """
    if head.startswith(b"\xff\xd8\xff"):
        return ImageFormat.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return ImageFormat.PNG
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return ImageFormat.WEBP
    if head.startswith((b"II*\0", b"MM\0*")):
        return ImageFormat.TIFF
    if head.startswith((b"GIF87a", b"GIF89a")):
        return ImageFormat.GIF
    if head.startswith(b"BM") and head[6:10] == b"\0\0\0\0":  # reserved; text may start with BM as well
        return ImageFormat.BMP
    if avif.is_avif(head):
        return ImageFormat.AVIF
    raise UnsupportedFormat("Supported are JPEG, PNG, WebP, TIFF, BMP, GIF and AVIF.")
