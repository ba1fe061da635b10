"""An image's pixels: first frame only, upright, in sRGB, and no larger than asked for.

JPEGs of the usual kind go through OpenCV, which decodes them at 1/2, 1/4 or 1/8 of their size; all
others go through Pillow.
"""

import struct
import zlib
from io import BytesIO

import numpy as np
from PIL import AvifImagePlugin, Image, UnidentifiedImageError

from shared.imaging import modes, profiles
from shared.imaging.errors import BrokenImage
from shared.imaging.info import ImageFormat, ImageInfo
from shared.imaging.jpeg import JpegHeader, read_jpeg
from shared.imaging.opencv import MAX_PIXELS, Pixels, cv2
from shared.imaging.resize import centre, shrink, upright
from shared.imaging.source import MemorySource
from shared.imaging.view import View

Image.MAX_IMAGE_PIXELS = None  # ImageLimits are checked by probe(); Pillow's own limit only warns
AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # as for OpenCV: the caller's pool bounds the work

# What decoders raise for damaged bytes, besides cv2.error
_DAMAGE = (
    OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, ArithmeticError, RuntimeError,
    struct.error, zlib.error,
)  # fmt: skip
_CUT_OFF = "The image is cut off, or its pixels are damaged."
_UNREADABLE = "The image's pixels are of a kind that nothing here reads, or its header is damaged."
_OTHER_SIZE = "The image's header and its content tell of different sizes."
START_OF_SCAN = b"\xff\xda"
MAX_SCANS = 100  # cameras write 1, encoders about 10; each is a pass over all pixels, however few its bytes


def decode(data: bytes, info: ImageInfo, view: View | None = None) -> Pixels:
    """The pixels of an image that `probe` described as `info`; the whole of it without a `view`.

    The view is of the image as displayed, and may not enlarge. Raises BrokenImage.
    """
    stored = view or View((info.width, info.height), (info.width, info.height))
    if info.orientation >= 5:
        stored = stored.turned()
    try:
        if info.format is ImageFormat.JPEG:
            return _decode_jpeg(data, info, stored)
        return _decode_by_pillow(data, info, stored, b"")
    except (*_DAMAGE, cv2.error) as error:
        raise BrokenImage(_CUT_OFF) from error


def _decode_jpeg(data: bytes, info: ImageInfo, view: View) -> Pixels:
    source = MemorySource(data)
    header = read_jpeg(source)
    if (header.width, header.height) != info.stored_size:
        raise BrokenImage(_OTHER_SIZE)
    if header.progressive and data.count(START_OF_SCAN) > MAX_SCANS:
        raise BrokenImage("The JPEG has more scans than any encoder writes.")
    profile = header.profile(source)
    if header.components not in (1, 3) or header.bits != 8 or info.width * info.height > MAX_PIXELS:
        return _decode_by_pillow(data, info, view, profile)
    pixels = shrink(_reduced(data, header, view), view.size)
    mode = "L" if header.components == 1 else "RGB"
    if profile and profiles.changes(profile, mode):
        pixels = np.asarray(profiles.to_srgb(Image.fromarray(pixels), profile))
    return upright(pixels, info.orientation)


def _reduced(data: bytes, header: JpegHeader, view: View) -> Pixels:
    """The view's part of a JPEG, at the smallest of 1/1, 1/2, 1/4, 1/8 that is not below its size."""
    factor = next(n for n in (8, 4, 2, 1) if n == 1 or _covers(view, n))
    flags = _reducing(factor) | cv2.IMREAD_IGNORE_ORIENTATION
    if header.components == 3:
        flags |= cv2.IMREAD_COLOR_RGB
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    expected = (-(-header.height // factor), -(-header.width // factor))
    # OpenCV answers None for a JPEG that is cut off, be it by one byte
    if pixels is None or pixels.shape[:2] != expected:
        raise BrokenImage(_CUT_OFF)
    keep = (-(-view.keep[0] // factor), -(-view.keep[1] // factor))
    return centre(np.asarray(pixels, np.uint8), keep)


def _reducing(factor: int) -> int:
    return {
        1: cv2.IMREAD_GRAYSCALE,
        2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
        4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
        8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
    }[factor]


def _covers(view: View, factor: int) -> bool:
    return all(-(-keep // factor) >= size for keep, size in zip(view.keep, view.size, strict=True))


def _decode_by_pillow(data: bytes, info: ImageInfo, view: View, profile: bytes) -> Pixels:
    orientation = info.orientation
    with _open(data, info.format) as image:
        if info.format is ImageFormat.TIFF:  # Pillow turns TIFFs by itself
            orientation, view = 1, view.turned() if orientation >= 5 else view
        elif image.size != info.stored_size:
            raise BrokenImage(_OTHER_SIZE)
        profile = profile or image.info.get("icc_profile", b"")
        if view.keep == info.stored_size:
            image.draft(None, view.size)
        image.load()
        small = _shrink(modes.plain(image), view)
    return upright(np.asarray(modes.in_srgb(small, profile)), orientation)


def _open(data: bytes, kind: ImageFormat) -> Image.Image:
    try:
        return Image.open(BytesIO(data), formats=[kind.name])
    except UnidentifiedImageError:
        # OpenCV reads some of these, but leaves parts of 64-bit pictures as they were in memory
        raise BrokenImage(_UNREADABLE) from None


def _shrink(image: Image.Image, view: View) -> Image.Image:
    """The view's part of an image, which may be smaller already; Pillow weighs colours by their alpha."""
    width, height = min(view.keep[0], image.width), min(view.keep[1], image.height)
    left, top = (image.width - width) / 2, (image.height - height) / 2
    box = (left, top, left + width, top + height)
    return image.resize(view.size, Image.Resampling.LANCZOS, box, reducing_gap=3.0)
