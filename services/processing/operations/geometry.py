"""Size, place and direction. Alpha and 16 bits stay as they are."""

import math
from typing import Literal

import numpy as np
from pydantic import Field
from pydantic.config import JsonDict

from services.processing.operation import Parameters, Side, operation
from services.processing.picture import Picture, Takes, UnsuitableImage, like, white
from shared.imaging.opencv import cv2

PIXELS: JsonDict = {"unit": "pixels"}


class Resize(Parameters):
    """A side left out follows from the other one; with none, `scale` counts."""

    width: Side | None = Field(None, description="of the result")
    height: Side | None = Field(None, description="of the result")
    scale: float = Field(0.5, ge=0.001, le=100, description="factor on both sides where none is given")
    method: Literal["auto", "nearest", "linear", "cubic", "area", "lanczos"] = Field(
        "auto", description="interpolation; auto is area to shrink and cubic to enlarge"
    )


class Crop(Parameters):
    """A rectangle of the picture."""

    left: int = Field(0, ge=0, le=16_383, description="from the left edge", json_schema_extra=PIXELS)
    top: int = Field(0, ge=0, le=16_383, description="from the upper edge", json_schema_extra=PIXELS)
    width: Side | None = Field(None, description="up to the right edge unless given")
    height: Side | None = Field(None, description="up to the lower edge unless given")


class Rotate(Parameters):
    """Around the middle."""

    angle: float = Field(90, ge=-360, le=360, description="clockwise", json_schema_extra={"unit": "degrees"})
    expand: bool = Field(
        default=True, description="the result holds the whole picture; else it keeps its size"
    )


class Flip(Parameters):
    """As in a mirror."""

    direction: Literal["horizontal", "vertical", "both"] = Field("horizontal", description="what is swapped")


def resized_size(parameters: Resize, width: int, height: int) -> tuple[int, int]:
    """Width and height after `resize`, in pixels."""
    if parameters.width and parameters.height:
        return parameters.width, parameters.height
    if parameters.width:
        return parameters.width, max(1, round(height * parameters.width / width))
    if parameters.height:
        return max(1, round(width * parameters.height / height)), parameters.height
    return max(1, round(width * parameters.scale)), max(1, round(height * parameters.scale))


def rotated_size(parameters: Rotate, width: int, height: int) -> tuple[int, int]:
    """Width and height after `rotate`, in pixels."""
    if not parameters.expand:
        return width, height
    if parameters.angle % 90 == 0:
        return (height, width) if parameters.angle % 180 else (width, height)
    across, down = (
        abs(math.cos(math.radians(parameters.angle))),
        abs(math.sin(math.radians(parameters.angle))),
    )
    return math.ceil(width * across + height * down), math.ceil(width * down + height * across)


@operation("resize", title="Resize", takes=Takes.ANYTHING, size=resized_size)
def resize(picture: Picture, parameters: Resize) -> Picture:
    """Larger or smaller; the shape is kept where only one side is given."""
    height, width = picture.shape[:2]
    size = resized_size(parameters, width, height)
    shrinks = size[0] <= width and size[1] <= height
    method = parameters.method if parameters.method != "auto" else ("area" if shrinks else "cubic")
    return like(picture, cv2.resize(picture, size, interpolation=_methods()[method]))


@operation("crop", title="Crop", takes=Takes.ANYTHING)
def crop(picture: Picture, parameters: Crop) -> Picture:
    """A rectangle of it; what would lie outside is left out."""
    height, width = picture.shape[:2]
    if parameters.left >= width or parameters.top >= height:
        raise UnsuitableImage(f"the rectangle lies outside the image, which is {width} x {height} pixels")
    right = width if parameters.width is None else parameters.left + parameters.width
    bottom = height if parameters.height is None else parameters.top + parameters.height
    return like(picture, picture[parameters.top : bottom, parameters.left : right])


@operation("rotate", title="Rotate", takes=Takes.ANYTHING, size=rotated_size)
def rotate(picture: Picture, parameters: Rotate) -> Picture:
    """Turned around its middle; new corners are white, or transparent where there is alpha."""
    turns = int(parameters.angle // 90) % 4
    height, width = picture.shape[:2]
    if parameters.angle % 90 == 0 and (parameters.expand or turns % 2 == 0 or width == height):
        return like(picture, np.rot90(picture, -turns))
    size = rotated_size(parameters, width, height)
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -parameters.angle, 1)
    matrix[:, 2] += ((size[0] - width) / 2, (size[1] - height) / 2)
    ground = (*white(picture)[:3], 0) if picture.ndim == 3 else white(picture)
    return like(picture, cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_CUBIC, borderValue=ground))


@operation("flip", title="Flip", takes=Takes.ANYTHING)
def flip(picture: Picture, parameters: Flip) -> Picture:
    """Left and right, above and below, or both swapped."""
    code = {"horizontal": 1, "vertical": 0, "both": -1}[parameters.direction]
    return like(picture, cv2.flip(picture, code))


def _methods() -> dict[str, int]:
    return {
        "nearest": cv2.INTER_NEAREST,
        "linear": cv2.INTER_LINEAR,
        "cubic": cv2.INTER_CUBIC,
        "area": cv2.INTER_AREA,
        "lanczos": cv2.INTER_LANCZOS4,
    }
