"""Black and white by a threshold, on grey."""

from typing import Literal

import numpy as np
from pydantic import Field
from pydantic.config import JsonDict

from services.processing.operation import OddKernel, Parameters, operation
from services.processing.picture import Bytes, Takes
from shared.imaging.opencv import cv2

LEVELS: JsonDict = {"unit": "grey levels"}
INVERTED = "black for what is brighter, instead of white"


class Threshold(Parameters):
    """One threshold for all pixels."""

    level: int = Field(
        128, ge=0, le=255, description="brighter pixels become white", json_schema_extra=LEVELS
    )
    inverted: bool = Field(default=False, description=INVERTED)


class Otsu(Parameters):
    """One threshold, found from the picture."""

    inverted: bool = Field(default=False, description=INVERTED)


class Adaptive(Parameters):
    """A threshold of its own for each pixel."""

    method: Literal["gaussian", "mean"] = Field("gaussian", description="how the neighbourhood is weighed")
    kernel: OddKernel = Field(11, ge=3, description="side of the neighbourhood")
    offset: float = Field(
        2, ge=-255, le=255, description="taken from the neighbourhood's mean", json_schema_extra=LEVELS
    )
    inverted: bool = Field(default=False, description=INVERTED)


@operation("threshold", title="Threshold", takes=Takes.GREY)
def threshold(grey: Bytes, parameters: Threshold) -> Bytes:
    """White where it is brighter than one level, black elsewhere."""
    return np.asarray(
        cv2.threshold(grey, parameters.level, 255, _kind(inverted=parameters.inverted))[1], np.uint8
    )


@operation("otsu_threshold", title="Otsu's threshold", takes=Takes.GREY)
def otsu_threshold(grey: Bytes, parameters: Otsu) -> Bytes:
    """The same, with the level that parts the histogram best (Otsu's method)."""
    kind = _kind(inverted=parameters.inverted) | cv2.THRESH_OTSU
    return np.asarray(cv2.threshold(grey, 0, 255, kind)[1], np.uint8)


@operation("adaptive_threshold", title="Adaptive threshold", takes=Takes.GREY)
def adaptive_threshold(grey: Bytes, parameters: Adaptive) -> Bytes:
    """White where it is brighter than its surroundings: for text under uneven light."""
    method = cv2.ADAPTIVE_THRESH_GAUSSIAN_C if parameters.method == "gaussian" else cv2.ADAPTIVE_THRESH_MEAN_C
    kind = _kind(inverted=parameters.inverted)
    done = cv2.adaptiveThreshold(grey, 255, method, kind, parameters.kernel, parameters.offset)
    return np.asarray(done, np.uint8)


def _kind(*, inverted: bool) -> int:
    return cv2.THRESH_BINARY_INV if inverted else cv2.THRESH_BINARY
