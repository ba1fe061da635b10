"""Smoothing, and its opposite."""

import numpy as np
from pydantic import Field
from pydantic.config import JsonDict

from services.processing.operation import OddKernel, Parameters, operation
from services.processing.picture import Bytes, Picture, Takes, like
from shared.imaging.opencv import cv2

PIXELS: JsonDict = {"unit": "pixels"}
_SMALL_MEDIAN = 5  # OpenCV's median of 16-bit values goes no further


class GaussianBlur(Parameters):
    """A bell-shaped mean."""

    kernel: OddKernel = Field(5, description="pixels a side")
    sigma: float = Field(
        0, ge=0, le=100, description="standard deviation; from the kernel where 0", json_schema_extra=PIXELS
    )


class MedianBlur(Parameters):
    """The middle value of a square."""

    kernel: OddKernel = Field(5, description="pixels a side")


class BilateralBlur(Parameters):
    """A mean over pixels that are near in place and in colour."""

    diameter: OddKernel = Field(9, description="of the neighbourhood")
    sigma_colour: float = Field(
        75,
        ge=0.1,
        le=1000,
        description="how different colours may be",
        json_schema_extra={"unit": "levels of 255"},
    )
    sigma_space: float = Field(
        75, ge=0.1, le=1000, description="how far apart pixels may be", json_schema_extra=PIXELS
    )


class Denoise(Parameters):
    """Non-local means."""

    h: float = Field(
        10,
        ge=0,
        le=100,
        description="strength on the brightness",
        json_schema_extra={"unit": "levels of 255"},
    )
    h_colour: float = Field(
        10, ge=0, le=100, description="strength on the colours", json_schema_extra={"unit": "levels of 255"}
    )
    template: OddKernel = Field(7, description="side of the squares that are compared")
    search: OddKernel = Field(
        21, description="side of the square that is searched; the time grows with its area"
    )


class Sharpen(Parameters):
    """Unsharp masking."""

    amount: float = Field(
        1, ge=0, le=10, description="how much of the difference from the blurred picture is added"
    )
    sigma: float = Field(1, ge=0.1, le=50, description="of the blurred picture", json_schema_extra=PIXELS)


@operation("gaussian_blur", title="Gaussian blur", takes=Takes.ANYTHING)
def gaussian_blur(picture: Picture, parameters: GaussianBlur) -> Picture:
    """Soft: a mean weighted by a bell curve. Alpha is blurred with the colours."""
    kernel = (parameters.kernel, parameters.kernel)
    return like(picture, cv2.GaussianBlur(picture, kernel, parameters.sigma))


@operation("median_blur", title="Median blur", takes=Takes.ANYTHING)
def median_blur(picture: Picture, parameters: MedianBlur) -> Picture:
    """Without specks, edges kept: the median. 16 bits become 8 for kernels over 5."""
    if picture.dtype == np.uint16 and parameters.kernel > _SMALL_MEDIAN:
        picture = np.asarray(picture >> 8, np.uint8)
    return like(picture, cv2.medianBlur(picture, parameters.kernel))


@operation("bilateral_blur", title="Bilateral blur", takes=Takes.COLOURS_OF_8_BITS)
def bilateral_blur(picture: Bytes, parameters: BilateralBlur) -> Bytes:
    """Smooth areas, sharp edges: a mean of near pixels of similar colour."""
    done = cv2.bilateralFilter(picture, parameters.diameter, parameters.sigma_colour, parameters.sigma_space)
    return np.asarray(done, np.uint8)


@operation("denoise", title="Denoise", takes=Takes.BGR)
def denoise(picture: Bytes, parameters: Denoise) -> Bytes:
    """Without the noise of a sensor: non-local means for colour. Takes seconds a megapixel."""
    done = cv2.fastNlMeansDenoisingColored(
        picture, None, parameters.h, parameters.h_colour, parameters.template, parameters.search
    )
    return np.asarray(done, np.uint8)


@operation("sharpen", title="Sharpen", takes=Takes.COLOURS)
def sharpen(picture: Picture, parameters: Sharpen) -> Picture:
    """Crisper edges, by unsharp masking."""
    blurred = cv2.GaussianBlur(picture, (0, 0), parameters.sigma)
    done = cv2.addWeighted(picture, 1 + parameters.amount, blurred, -parameters.amount, 0)
    return like(picture, done)
