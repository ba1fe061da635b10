"""Morphology: shapes grown and shrunk by a kernel."""

from typing import Literal

import numpy as np
from pydantic import Field

from services.processing.operation import Kernel, Parameters, operation
from services.processing.picture import Bytes, Picture, Takes, like
from shared.imaging.opencv import cv2


class Morphology(Parameters):
    """The kernel, and how often."""

    kernel: Kernel = Field(5, description="pixels a side")
    shape: Literal["rectangle", "ellipse", "cross"] = Field("rectangle", description="of the kernel")
    iterations: int = Field(1, ge=1, le=20, description="how often")


@operation("erosion", title="Erosion", takes=Takes.BGR)
def erosion(picture: Bytes, parameters: Morphology) -> Bytes:
    """Dark areas grow: each pixel becomes the darkest around it."""
    return np.asarray(cv2.erode(picture, _kernel(parameters), iterations=parameters.iterations), np.uint8)


@operation("dilation", title="Dilation", takes=Takes.BGR)
def dilation(picture: Bytes, parameters: Morphology) -> Bytes:
    """Bright areas grow: each pixel becomes the brightest around it."""
    return np.asarray(cv2.dilate(picture, _kernel(parameters), iterations=parameters.iterations), np.uint8)


@operation("opening", title="Opening", takes=Takes.COLOURS)
def opening(picture: Picture, parameters: Morphology) -> Picture:
    """Small bright specks go: erosion, then dilation."""
    return _morph(picture, cv2.MORPH_OPEN, parameters)


@operation("closing", title="Closing", takes=Takes.COLOURS)
def closing(picture: Picture, parameters: Morphology) -> Picture:
    """Small dark gaps close: dilation, then erosion."""
    return _morph(picture, cv2.MORPH_CLOSE, parameters)


@operation("morphological_gradient", title="Morphological gradient", takes=Takes.COLOURS)
def morphological_gradient(picture: Picture, parameters: Morphology) -> Picture:
    """Outlines: the difference between dilation and erosion."""
    return _morph(picture, cv2.MORPH_GRADIENT, parameters)


def _morph(picture: Picture, kind: int, parameters: Morphology) -> Picture:
    done = cv2.morphologyEx(picture, kind, _kernel(parameters), iterations=parameters.iterations)
    return like(picture, done)


def _kernel(parameters: Morphology) -> Bytes:
    size = (parameters.kernel, parameters.kernel)
    shapes = {"rectangle": cv2.MORPH_RECT, "ellipse": cv2.MORPH_ELLIPSE, "cross": cv2.MORPH_CROSS}
    return np.asarray(cv2.getStructuringElement(shapes[parameters.shape], size), np.uint8)
