"""Arrays as OpenCV's own calls give and take them: blue, green, red, 8 or 16 bits, grey as two dimensions.

`read_array` gives a JPEG's or PNG's pixels bit for bit as cv2.imread does, but keeps what IMREAD_COLOR throws
away: alpha, 16 bits, and that there is no colour. Colour profiles are left alone there, as cv2.imread leaves
them. The other formats come through `shared.imaging.pixels`: upright, in sRGB, 8 bits.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shared.imaging.encode import encode
from shared.imaging.errors import BrokenImage
from shared.imaging.info import ImageFormat, ImageInfo
from shared.imaging.jpeg import read_jpeg
from shared.imaging.opencv import MAX_PIXELS, cv2
from shared.imaging.pixels import MAX_SCANS, START_OF_SCAN, decode
from shared.imaging.resize import upright
from shared.imaging.source import MemorySource

Array: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16]
DEFAULT_QUALITY = 95  # cv2.imwrite's for JPEG


def read_array(data: bytes, info: ImageInfo) -> Array:
    """The pixels of an image that `probe` described as `info`, upright. Raises BrokenImage."""
    opencv_reads = info.format in (ImageFormat.JPEG, ImageFormat.PNG)
    if not opencv_reads or info.width * info.height > MAX_PIXELS:
        return _to_opencv(decode(data, info))
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), _flags(data, info))
    except cv2.error as error:
        raise BrokenImage("The image's pixels are damaged.") from error
    if pixels is None:
        raise BrokenImage("The image is cut off, or its pixels are damaged.")
    array = upright(np.asarray(pixels), info.orientation)
    if array.shape[:2] != (info.height, info.width):
        raise BrokenImage("The image's header and its content tell of different sizes.")
    return array


def write_array(array: Array, kind: ImageFormat, quality: int = DEFAULT_QUALITY) -> bytes:
    """A file of the array; PNG keeps 16 bits and alpha, JPEG puts alpha on white, `quality` is 1 to 100.

    JPEG and PNG are what cv2.imencode makes of the array. Raises ValueError for other formats than JPEG,
    PNG, WebP and AVIF.
    """
    if kind is ImageFormat.PNG:
        return _encoded(".png", array, [])
    if array.dtype == np.uint16:
        array = np.asarray(array >> 8, np.uint8)
    if kind is ImageFormat.JPEG and (array.ndim == 2 or array.shape[2] == 3):
        return _encoded(".jpg", array, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if array.ndim == 3:
        order = cv2.COLOR_BGRA2RGBA if array.shape[2] == 4 else cv2.COLOR_BGR2RGB
        array = np.asarray(cv2.cvtColor(array, order), np.uint8)
    return encode(np.asarray(array, np.uint8), kind, quality)


def _flags(data: bytes, info: ImageInfo) -> int:
    if info.format is ImageFormat.PNG:
        return cv2.IMREAD_UNCHANGED
    header = read_jpeg(MemorySource(data))
    if header.progressive and data.count(START_OF_SCAN) > MAX_SCANS:
        raise BrokenImage("The JPEG has more scans than any encoder writes.")
    grey = header.components == 1
    return (cv2.IMREAD_GRAYSCALE if grey else cv2.IMREAD_COLOR) | cv2.IMREAD_IGNORE_ORIENTATION


def _to_opencv(pixels: NDArray[np.uint8]) -> Array:
    """RGB becomes BGR, and grey with alpha BGRA."""
    if pixels.ndim == 2:
        return pixels
    if pixels.shape[2] == 2:
        pixels = np.asarray(Image.fromarray(pixels).convert("RGBA"))
    order = cv2.COLOR_RGBA2BGRA if pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR
    return np.asarray(cv2.cvtColor(pixels, order), np.uint8)


def _encoded(extension: str, array: Array, options: list[int]) -> bytes:
    done, data = cv2.imencode(extension, array, options)
    if not done:
        raise ValueError("OpenCV could not encode the pixels")
    return data.tobytes()
