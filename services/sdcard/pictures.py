"""Pictures of clips as files. Pure."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from shared.late import LateModule

if TYPE_CHECKING:
    from PIL import Image as pillow  # noqa: N813 - a module
    from PIL.Image import Image
else:
    pillow = LateModule("PIL.Image")

JPEG_QUALITY = 80
FRAME_MILLISECONDS = 500


def size_within(width: int, height: int, edge: int | None) -> tuple[int, int]:
    """The size with the longer side `edge` at most, in the same shape; without an edge as it is."""
    longer = max(width, height)
    if edge is None or longer <= edge:
        return width, height
    return max(round(width * edge / longer), 1), max(round(height * edge / longer), 1)


def jpeg(picture: Image, edge: int | None) -> bytes:
    """A JPEG with the longer side `edge` at most."""
    size = size_within(picture.width, picture.height, edge)
    if size != picture.size:
        picture = picture.resize(size, pillow.Resampling.BILINEAR, reducing_gap=2.0)
    out = io.BytesIO()
    picture.convert("RGB").save(out, "JPEG", quality=JPEG_QUALITY, progressive=False)
    return out.getvalue()


def gif(pictures: Sequence[Image], edge: int) -> bytes:
    """A GIF that shows them one after the other, for ever; all in the size of the first."""
    size = size_within(pictures[0].width, pictures[0].height, edge)
    frames = [_in_colours(picture, size) for picture in pictures]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=FRAME_MILLISECONDS, loop=0)
    return out.getvalue()


def _in_colours(picture: Image, size: tuple[int, int]) -> Image:
    picture = picture.convert("RGB")
    if picture.size != size:
        picture = picture.resize(size, pillow.Resampling.BILINEAR)
    return picture.quantize(256, dither=pillow.Dither.NONE)
