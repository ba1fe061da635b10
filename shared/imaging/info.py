"""What is known of an image from its header alone."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.imaging.errors import BrokenImage, ImageTooLarge


class ImageFormat(StrEnum):
    """The formats that are read, told apart by their first bytes and never by a file's name."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    TIFF = "tiff"
    BMP = "bmp"
    GIF = "gif"
    AVIF = "avif"

    @property
    def media_type(self) -> str:
        """As registered with IANA: `image/jpeg` and so on."""
        return f"image/{self.value}"


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """How large an image may be; checked on the header, before anything is decoded."""

    max_pixels: int = 50_000_000
    max_side: int = 16_384

    def check(self, width: int, height: int) -> None:
        """Raise BrokenImage for an empty image and ImageTooLarge for one over the limits."""
        if width < 1 or height < 1:
            raise BrokenImage("The image's header gives it no width or no height.")
        if max(width, height) > self.max_side or width * height > self.max_pixels:
            raise ImageTooLarge(
                f"The image is {width} x {height} pixels; allowed are {self.max_side} a side"
                f" and {self.max_pixels / 1e6:g} megapixels.",
                width=width,
                height=height,
            )


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """An image as its header describes it.

    `width` and `height` are pixels as displayed, after `orientation` (EXIF's 1 to 8; 5 to 8 swap the
    sides) is applied. `taken_at` is EXIF's DateTimeOriginal, aware; without an offset in the file it is
    taken for UTC. `graphic` is true where JPEG would lose something: transparency or a palette.
    """

    format: ImageFormat
    width: int
    height: int
    orientation: int = 1
    taken_at: datetime | None = None
    graphic: bool = False

    @property
    def media_type(self) -> str:
        """`image/jpeg` and so on."""
        return self.format.media_type

    @property
    def stored_size(self) -> tuple[int, int]:
        """Width and height of the pixels in the file, before `orientation` is applied."""
        return (self.height, self.width) if self.orientation >= 5 else (self.width, self.height)
