"""Renditions: an image made smaller, cropped, or put into another format. Pure: bytes in, bytes out."""

from dataclasses import dataclass
from enum import StrEnum

from shared.errors import Unprocessable
from shared.imaging import ImageFormat, ImageLimits, probe
from shared.imaging.view import View

REVISION = 1
"""Part of every cache key; grows whenever the same source and specification give other bytes."""

MAX_SIDE = 8_192
DEFAULT_QUALITY = 80
_DEFAULT_LIMITS = ImageLimits()
_PNG = ImageFormat.PNG
OUTPUT_FORMATS = (ImageFormat.JPEG, _PNG, ImageFormat.WEBP, ImageFormat.AVIF)


class Fit(StrEnum):
    """How an image meets the box asked for. None of them enlarges it."""

    CONTAIN = "contain"
    """The whole image, inside the box."""
    COVER = "cover"
    """The box filled, the rest cut off evenly; a box larger than the image shrinks and keeps its shape."""
    FILL = "fill"
    """The whole image, stretched to the box."""


@dataclass(frozen=True, slots=True)
class RenditionSpec:
    """What is wanted. A side left out follows from the other one; both left out keep the size.

    Raises Unprocessable (`invalid_rendition`) for a side outside 1..8192, a quality outside 1..100, or
    a format that is not among OUTPUT_FORMATS.
    """

    width: int | None = None
    height: int | None = None
    fit: Fit = Fit.CONTAIN
    format: ImageFormat = ImageFormat.JPEG
    quality: int = DEFAULT_QUALITY

    def __post_init__(self) -> None:
        if any(side is not None and not 1 <= side <= MAX_SIDE for side in (self.width, self.height)):
            raise _invalid(f"A side must be between 1 and {MAX_SIDE}.")
        if not 1 <= self.quality <= 100:
            raise _invalid("The quality must be between 1 and 100.")
        if self.format not in OUTPUT_FORMATS:
            raise _invalid(f"The format must be one of {', '.join(OUTPUT_FORMATS)}.")

    @property
    def cache_key(self) -> str:
        """The same for all specifications that give the same bytes; letters, digits, `-` and `.` only."""
        boxed = self.width is not None and self.height is not None
        fit = self.fit if boxed else Fit.CONTAIN
        quality = "" if self.format is _PNG else f"-q{self.quality}"
        return f"r{REVISION}-{self.width or 0}x{self.height or 0}-{fit}{quality}.{self.format}"

    def view(self, width: int, height: int) -> View:
        """Which part of an image of that size (as displayed) is taken, and how large it becomes."""
        box_width, box_height = self.width or MAX_SIDE, self.height or MAX_SIDE
        fit = self.fit if self.width and self.height else Fit.CONTAIN
        if fit is Fit.FILL:
            return View((width, height), (min(width, box_width), min(height, box_height)))
        if fit is Fit.COVER:
            scale = min(width / box_width, height / box_height)
            keep = (_side(box_width * scale, width), _side(box_height * scale, height))
            return View(keep, (min(keep[0], box_width), min(keep[1], box_height)))
        scale = min(box_width / width, box_height / height, 1)
        return View((width, height), (_side(width * scale, box_width), _side(height * scale, box_height)))


@dataclass(frozen=True, slots=True)
class Rendition:
    """A rendition's bytes and what they are; width and height in pixels."""

    content: bytes
    media_type: str
    width: int
    height: int


def render(source: bytes, spec: RenditionSpec, limits: ImageLimits = _DEFAULT_LIMITS) -> Rendition:
    """The rendition of an image: upright, in sRGB, without metadata, first frame only.

    Blocks for milliseconds to seconds and needs up to some hundred MB: for a pool of threads, never for
    an event loop. Raises UnsupportedFormat, ImageTooLarge, BrokenImage.
    """
    from shared.imaging.encode import encode  # OpenCV, NumPy and Pillow: 30 MiB, for the first rendition
    from shared.imaging.pixels import decode

    info = probe(source, limits)
    pixels = decode(source, info, spec.view(info.width, info.height))
    content = encode(pixels, spec.format, spec.quality)
    return Rendition(content, spec.format.media_type, pixels.shape[1], pixels.shape[0])


def _side(length: float, most: int) -> int:
    return min(max(round(length), 1), most)


def _invalid(detail: str) -> Unprocessable:
    return Unprocessable(detail, code="invalid_rendition")
