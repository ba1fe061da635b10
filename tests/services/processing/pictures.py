"""Real photographs as arrays in OpenCV's order, as files, and in every kind of pixels."""

import io
from typing import Any, TypeAlias

import cv2 as opencv
import numpy as np
from PIL import Image
from skimage import data

from services.processing.pipeline import parse_plain
from services.processing.render import Output, render
from shared.imaging import ImageFormat

cv2: Any = opencv  # its stubs know less than it does
cv2.setNumThreads(1)
Picture: TypeAlias = Any
"""An array; OpenCV's stubs tell neither shape nor depth."""

PHOTOS = ("coffee", "astronaut", "chelsea", "rocket")


def photo(name: str = "coffee", size: tuple[int, int] | None = None) -> Picture:
    """A photograph, blue first: coffee 600x400, astronaut 512x512, chelsea 451x300, rocket 640x427."""
    picture = cv2.cvtColor(getattr(data, name)(), cv2.COLOR_RGB2BGR)
    return picture if size is None else cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def grey_of(picture: Picture) -> Picture:
    """As OpenCV makes grey."""
    return cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)


def png(picture: Picture) -> bytes:
    """The array as a PNG."""
    content: bytes = cv2.imencode(".png", picture)[1].tobytes()
    return content


def jpeg(picture: Picture, quality: int = 95) -> bytes:
    """The array as a JPEG."""
    content: bytes = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
    return content


def kinds(size: tuple[int, int] = (96, 64)) -> dict[str, Picture]:
    """One photograph in every kind of pixels there is."""
    colour = photo(size=size)
    grey = grey_of(colour)
    alpha = np.tile(np.linspace(0, 255, size[0], dtype=np.uint8), (size[1], 1))
    deep = np.random.default_rng(3).integers(0, 256, colour.shape, np.uint16)
    deep_colour = colour.astype(np.uint16) * 256 + deep
    deep_alpha = alpha.astype(np.uint16) * 257
    return {
        "grey": grey,
        "colour": colour,
        "alpha": np.dstack([colour, alpha]),
        "grey16": deep_colour[:, :, 1].copy(),
        "colour16": deep_colour,
        "alpha16": np.dstack([deep_colour, deep_alpha]),
    }


def other_files(picture: Picture) -> dict[str, bytes]:
    """The same picture in formats that OpenCV's own reader is not asked for."""
    image = Image.fromarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
    files = {}
    for kind in ("BMP", "TIFF", "GIF", "WEBP", "AVIF"):
        out = io.BytesIO()
        image.save(out, kind, **({"lossless": True} if kind == "WEBP" else {}))
        files[kind.lower()] = out.getvalue()
    return files


def seen(content: bytes) -> Picture:
    """A file as cv2.imread sees it."""
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)


def whole(content: bytes) -> Picture:
    """A file's pixels with alpha and all their bits."""
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)


def processed(content: bytes, *steps: str | tuple[str, dict[str, Any]], **parameters: Any) -> Picture:
    """The result as an array: steps are names (with the parameters given) or (name, parameters)."""
    plain = [
        {"operation": step, "parameters": parameters}
        if isinstance(step, str)
        else {"operation": step[0], "parameters": step[1]}
        for step in steps
    ]
    return whole(render(content, parse_plain(plain), Output(ImageFormat.PNG)).content)
