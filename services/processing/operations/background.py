"""Telling a picture's subject from its background."""

from typing import Literal

import numpy as np
from pydantic import Field

from services.processing.operation import Parameters, operation
from services.processing.picture import Bytes, Takes, UnsuitableImage
from shared.imaging.opencv import cv2

_WORKING_PIXELS = 250_000  # GrabCut takes 3 s for so many; larger pictures are cut out at this size
_LEAST_SIDE = 8  # pixels: fewer leave no room for both


class GrabCut(Parameters):
    """The subject lies inside a frame; what lies outside is background for sure."""

    margin: float = Field(
        0.1, ge=0.01, le=0.45, description="between the picture's edges and the frame, of the sides"
    )
    iterations: int = Field(5, ge=1, le=20, description="how often the cut is refined")
    ground: Literal["transparent", "white", "black"] = Field(
        "transparent", description="what becomes of the background"
    )


@operation("background_removal", title="Background removal", takes=Takes.BGR)
def background_removal(picture: Bytes, parameters: GrabCut) -> Bytes:
    """Cuts out what stands in the middle, by GrabCut; the background becomes transparent, white or black."""
    if min(picture.shape[:2]) < _LEAST_SIDE:
        raise UnsuitableImage(f"there is no telling a background on less than {_LEAST_SIDE} pixels a side")
    kept = _subject(picture, parameters)
    if parameters.ground == "transparent":
        return np.asarray(np.dstack([picture, np.where(kept, 255, 0)]), np.uint8)
    done = picture.copy()
    done[~kept] = 255 if parameters.ground == "white" else 0
    return done


def _subject(picture: Bytes, parameters: GrabCut) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """True where the subject is; height x width."""
    height, width = picture.shape[:2]
    scale = min(1.0, (_WORKING_PIXELS / (width * height)) ** 0.5)
    size = (max(_LEAST_SIDE, round(width * scale)), max(_LEAST_SIDE, round(height * scale)))
    small = picture if scale == 1 else np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
    height, width = small.shape[:2]
    left, top = max(1, round(width * parameters.margin)), max(1, round(height * parameters.margin))
    mask = np.zeros((height, width), np.uint8)
    frame = (left, top, width - 2 * left, height - 2 * top)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)  # its clusters begin at random places: the same picture gives the same cut
    cv2.grabCut(small, mask, frame, *models, parameters.iterations, cv2.GC_INIT_WITH_RECT)
    subject = np.asarray((mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD), np.uint8)
    if scale < 1:
        subject = np.asarray(cv2.resize(subject, picture.shape[1::-1], interpolation=cv2.INTER_NEAREST))
    return subject > 0
