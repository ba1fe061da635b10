"""Photographs to measure with: a real one enlarged, with the noise of a sensor, and no two the same."""

import io
from collections.abc import Iterator

import numpy as np
from PIL import Image
from skimage import data

_NOISE = 4.0  # standard deviation, of 255: 0.15 bytes a pixel at quality 88 for 12 megapixels
_QUALITY = 88


def photo(width: int, height: int) -> bytes:
    """A JPEG of that size: 1.8 MB for 4000 x 3000, 200 KB for 1280 x 720."""
    source = Image.fromarray(data.coffee())  # type: ignore[no-untyped-call]
    box_height = min(source.height, source.width * height / width)
    box_width = box_height * width / height
    left, top = (source.width - box_width) / 2, (source.height - box_height) / 2
    box = (left, top, left + box_width, top + box_height)
    large = np.asarray(source.resize((width, height), Image.Resampling.LANCZOS, box), np.float32)
    noise = np.random.default_rng(1).normal(0, _NOISE, large.shape)
    out = io.BytesIO()
    Image.fromarray(np.clip(large + noise, 0, 255).astype(np.uint8)).save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def copies(content: bytes, count: int) -> Iterator[bytes]:
    """The JPEG `count` times, each with another comment, so that no digest is like another's."""
    for number in range(count):
        comment = f"copy {number:06}".encode()
        yield content[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + content[2:]
