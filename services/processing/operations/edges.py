"""Edges: where brightness changes."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field
from pydantic.config import JsonDict

from services.processing.operation import Aperture, Parameters, operation
from services.processing.picture import Bytes, Takes
from shared.imaging.opencv import cv2

Threshold = Annotated[float, Field(ge=0, le=10_000, json_schema_extra={"unit": "grey levels a pixel"})]
APERTURE = "side of the kernel that takes the derivatives"
PIXELS: JsonDict = {"unit": "pixels"}


class Canny(Parameters):
    """Canny's edge detector."""

    low: Threshold = Field(
        90, description="weaker edges are dropped; between the two, kept beside strong ones"
    )
    high: Threshold = Field(180, description="edges at least this strong are kept")
    aperture: Literal[3, 5, 7] = Field(3, description=APERTURE, json_schema_extra=PIXELS)
    precise: bool = Field(
        default=False, description="Euclidean length of the gradient instead of the sum of its parts"
    )


class Sobel(Parameters):
    """Sobel's first derivatives."""

    kernel: Literal[1, 3, 5, 7] = Field(3, description=APERTURE, json_schema_extra=PIXELS)
    scale: float = Field(1, gt=0, le=100, description="factor on the result")


class Laplacian(Parameters):
    """The sum of the second derivatives."""

    kernel: Aperture = Field(3, description=APERTURE)
    scale: float = Field(1, gt=0, le=100, description="factor on the result")


@operation("edge_detection", title="Edge detection", takes=Takes.GREY)
def edge_detection(grey: Bytes, parameters: Canny) -> Bytes:
    """White edges on black, by Canny's method on grey."""
    edges = cv2.Canny(
        grey, parameters.low, parameters.high, apertureSize=parameters.aperture, L2gradient=parameters.precise
    )
    return np.asarray(edges, np.uint8)


@operation("sobel", title="Sobel gradient", takes=Takes.GREY)
def sobel(grey: Bytes, parameters: Sobel) -> Bytes:
    """The strength of the gradient on grey: its horizontal and vertical parts, half of each."""
    kernel, scale = parameters.kernel, parameters.scale
    across = cv2.convertScaleAbs(cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=kernel, scale=scale))
    down = cv2.convertScaleAbs(cv2.Sobel(grey, cv2.CV_32F, 0, 1, ksize=kernel, scale=scale))
    return np.asarray(cv2.addWeighted(across, 0.5, down, 0.5, 0), np.uint8)


@operation("laplacian", title="Laplacian", takes=Takes.GREY)
def laplacian(grey: Bytes, parameters: Laplacian) -> Bytes:
    """The size of the second derivative on grey."""
    found = cv2.Laplacian(grey, cv2.CV_32F, ksize=parameters.kernel, scale=parameters.scale)
    return np.asarray(cv2.convertScaleAbs(found), np.uint8)
