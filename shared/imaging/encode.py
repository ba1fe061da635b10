"""Pixels in sRGB become a file again; no metadata goes with them."""

from io import BytesIO

import numpy as np
from PIL import Image

from shared.imaging.info import ImageFormat
from shared.imaging.opencv import Pixels, cv2

_PATIENT_PIXELS = 1_000_000
_PNG_LEVEL = 4  # two thirds of the time of the default 6, 1 % more bytes
_AVIF_SPEEDS = (8, 9)  # up to that many pixels, and above: 0.34 s and 0.12 s for 1920 x 1080, 6 % in size


def encode(pixels: Pixels, kind: ImageFormat, quality: int) -> bytes:
    """A JPEG (alpha flattened on white), PNG, WebP or AVIF; `quality` is 1 to 100, of no use to a PNG."""
    if kind is ImageFormat.JPEG:
        return _jpeg(pixels, quality)
    image = Image.fromarray(pixels)
    out = BytesIO()
    if kind is ImageFormat.PNG:
        image.save(out, "PNG", compress_level=_PNG_LEVEL)
    elif kind is ImageFormat.WEBP:
        image.save(out, "WEBP", quality=quality)
    elif kind is ImageFormat.AVIF:
        speed = _AVIF_SPEEDS[image.width * image.height > _PATIENT_PIXELS]
        image.save(out, "AVIF", quality=quality, speed=speed, max_threads=1)
    else:
        raise ValueError(f"there is no encoder for {kind}")
    return out.getvalue()


def _jpeg(pixels: Pixels, quality: int) -> bytes:
    """Baseline, 4:2:0, standard Huffman tables: half the time of an optimised one, 5 % more bytes."""
    if pixels.ndim == 3 and pixels.shape[2] in (2, 4):
        pixels = _on_white(pixels)
    if pixels.ndim == 3:
        pixels = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), np.uint8)
    done, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError("OpenCV could not encode the pixels")
    return data.tobytes()


def _on_white(pixels: Pixels) -> Pixels:
    image = Image.fromarray(pixels)
    colours = image.convert(image.mode[:-1])
    ground = Image.new(colours.mode, image.size, "white")
    ground.paste(colours, mask=image.getchannel("A"))
    return np.asarray(ground)
