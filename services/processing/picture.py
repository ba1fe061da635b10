"""Pictures as operations see them: arrays in OpenCV's order, 8 or 16 bits deep, and what operations take."""

from collections.abc import Callable
from enum import StrEnum
from typing import TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from shared.errors import Unprocessable
from shared.imaging.opencv import cv2

Picture: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16]
"""Height x width (grey), height x width x 3 (blue, green, red) or x 4 (and straight alpha)."""

Bytes: TypeAlias = NDArray[np.uint8]
"""The same with 8 bits."""


class UnsuitableImage(Unprocessable):
    """The operation cannot do anything sensible with a picture of this kind."""

    code = "unsuitable_image"
    title = "The operation is not for such an image"


class Takes(StrEnum):
    """What an operation wants to be given; anything else is brought to it, or refused."""

    ANYTHING = "anything"
    """Grey, colour, with alpha, 8 or 16 bits; the function sees to all of them."""
    COLOURS = "colours"
    """Grey or colour, 8 or 16 bits. Alpha is set aside and put back."""
    COLOURS_OF_8_BITS = "colours_of_8_bits"
    """The same; 16 bits become 8."""
    BGR = "bgr"
    """What cv2.imread gives: three channels, 8 bits, no alpha."""
    GREY = "grey"
    """One channel, 8 bits: cv2.cvtColor of what cv2.imread gives."""
    COLOURED = "coloured"
    """As COLOURS_OF_8_BITS, but grey is refused: there is nothing to do."""


def adapt(takes: Takes, picture: Picture, work: Callable[[Picture], Picture]) -> Picture:
    """The work done on the picture as it is taken. Raises UnsuitableImage."""
    if takes is Takes.ANYTHING:
        return work(picture)
    if takes is Takes.BGR:
        return work(as_bgr(picture))
    if takes is Takes.GREY:
        return work(as_grey(picture))
    if takes is Takes.COLOURED and picture.ndim == 2:
        raise UnsuitableImage("it changes colours, and the image has none: it is grey")
    return _without_alpha(picture if takes is Takes.COLOURS else as_bytes(picture), work)


def as_bytes(picture: Picture) -> Bytes:
    """8 bits, as cv2.imread makes them of 16: the upper half."""
    if picture.dtype == np.uint16:
        return np.asarray(picture >> 8, np.uint8)
    return np.asarray(picture, np.uint8)


def as_bgr(picture: Picture) -> Bytes:
    """Blue, green and red of 8 bits, as cv2.imread gives them: alpha is dropped."""
    picture = as_bytes(picture)
    if picture.ndim == 2:
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR), np.uint8)
    return np.ascontiguousarray(picture[:, :, :3])


def as_grey(picture: Picture) -> Bytes:
    """One channel of 8 bits (ITU-R BT.601 weights, OpenCV's)."""
    picture = as_bytes(picture)
    if picture.ndim == 2:
        return picture
    return np.asarray(cv2.cvtColor(as_bgr(picture), cv2.COLOR_BGR2GRAY), np.uint8)


def top(picture: Picture) -> int:
    """The largest value that a sample can have: 255 or 65535."""
    return int(np.iinfo(picture.dtype).max)


def white(picture: Picture) -> tuple[int, ...]:
    """White, opaque where there is alpha, for OpenCV calls that take a colour."""
    return (top(picture),) * 4


def like(picture: Picture, values: object) -> Picture:
    """What OpenCV or numpy answers, as an array with the picture's kind of samples: stubs do not tell it."""
    return cast("Picture", np.ascontiguousarray(values, picture.dtype))


def _without_alpha(picture: Picture, work: Callable[[Picture], Picture]) -> Picture:
    if picture.ndim == 2 or picture.shape[2] == 3:
        return work(picture)
    done = work(like(picture, picture[:, :, :3]))
    if done.ndim == 2:
        done = like(done, cv2.cvtColor(done, cv2.COLOR_GRAY2BGR))
    return like(done, np.dstack([done, picture[:, :, 3]]))
