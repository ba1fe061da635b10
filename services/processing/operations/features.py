"""Features: corners, key points, lines and outlines, drawn where they are."""

import math
from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from services.processing.operation import Aperture, Kernel, Parameters, operation
from services.processing.picture import Bytes, Takes, as_grey
from shared.imaging.opencv import cv2

RED, GREEN = (0, 0, 255), (0, 255, 0)
Radius = Annotated[int, Field(ge=1, le=50, json_schema_extra={"unit": "pixels"})]
Thickness = Annotated[int, Field(ge=1, le=50, json_schema_extra={"unit": "pixels"})]
_AROUND = np.ones((3, 3), np.uint8)  # what OpenCV dilates by where it is told nothing
MAX_LINES = 10_000  # drawn at most: noise has millions


class Harris(Parameters):
    """Harris's corner detector."""

    block: Kernel = Field(2, description="side of the neighbourhood")
    aperture: Aperture = Field(3, description="side of Sobel's kernel")
    k: float = Field(0.04, ge=0, le=0.25, description="Harris's free parameter")
    threshold: float = Field(
        0.1, ge=0, le=1, description="of the strongest corner's response; weaker ones are left out"
    )
    radius: Radius = Field(5, description="of the circles")


class Sift(Parameters):
    """Lowe's scale-invariant features."""

    features: int = Field(0, ge=0, le=100_000, description="the best so many; 0 for all")
    octave_layers: int = Field(3, ge=1, le=10, description="layers in each octave")
    contrast_threshold: float = Field(
        0.04, ge=0, le=1, description="the larger, the fewer features of weak contrast"
    )
    edge_threshold: float = Field(10, ge=1, le=1000, description="the larger, the more features on edges")
    sigma: float = Field(
        1.6,
        ge=0.5,
        le=10,
        description="of the Gaussian on the first octave",
        json_schema_extra={"unit": "pixels"},
    )


class Orb(Parameters):
    """Oriented FAST and rotated BRIEF."""

    features: int = Field(500, ge=1, le=100_000, description="the best so many")
    scale_factor: float = Field(1.2, ge=1.05, le=2, description="between two levels of the pyramid")
    levels: int = Field(8, ge=1, le=16, description="of the pyramid")
    fast_threshold: int = Field(
        20, ge=1, le=255, description="FAST's", json_schema_extra={"unit": "grey levels"}
    )


class Hough(Parameters):
    """Straight pieces of lines by the probabilistic Hough transform, on Canny's edges."""

    low: float = Field(90, ge=0, le=10_000, description="Canny's lower threshold")
    high: float = Field(180, ge=0, le=10_000, description="Canny's upper threshold")
    distance: float = Field(
        1, ge=0.5, le=20, description="step of the lines' distance", json_schema_extra={"unit": "pixels"}
    )
    angle: float = Field(
        1, ge=0.2, le=45, description="step of the lines' angle", json_schema_extra={"unit": "degrees"}
    )
    votes: int = Field(80, ge=1, le=10_000, description="edge pixels that a line needs")
    min_length: float = Field(
        30, ge=0, le=16_384, description="shorter pieces are dropped", json_schema_extra={"unit": "pixels"}
    )
    max_gap: float = Field(
        10, ge=0, le=16_384, description="bridged within a line", json_schema_extra={"unit": "pixels"}
    )
    thickness: Thickness = Field(2, description="of the drawn lines")


class Contours(Parameters):
    """Outlines of what is brighter than a threshold."""

    threshold: int | None = Field(
        None,
        ge=0,
        le=255,
        description="Otsu's choice unless given",
        json_schema_extra={"unit": "grey levels"},
    )
    outer: bool = Field(default=False, description="only the outermost outlines, no holes")
    min_area: float = Field(
        0, ge=0, le=1e9, description="smaller ones are left out", json_schema_extra={"unit": "square pixels"}
    )
    thickness: Thickness = Field(2, description="of the drawn outlines")


@operation("corner_detection", title="Corner detection", takes=Takes.BGR)
def corner_detection(picture: Bytes, parameters: Harris) -> Bytes:
    """Red filled circles on the corners that Harris's method finds on grey."""
    response = cv2.cornerHarris(
        np.asarray(as_grey(picture), np.float32), parameters.block, parameters.aperture, parameters.k
    )
    response = np.asarray(cv2.dilate(response, _AROUND))
    corners = (response > parameters.threshold * response.max()).astype(np.uint8)
    # The union of many equal circles is a dilation by one of them, and takes no loop over corners
    size = 2 * parameters.radius + 1
    disc = np.zeros((size, size), np.uint8)
    cv2.circle(disc, (parameters.radius, parameters.radius), parameters.radius, (1,), -1)
    drawn = picture.copy()
    drawn[np.asarray(cv2.dilate(corners, disc)) > 0] = RED
    return drawn


@operation("sift_features", title="SIFT features", takes=Takes.BGR)
def sift_features(picture: Bytes, parameters: Sift) -> Bytes:
    """Key points found on grey, drawn in colour with their size and direction."""
    detector = cv2.SIFT.create(
        parameters.features, parameters.octave_layers, parameters.contrast_threshold,
        parameters.edge_threshold, parameters.sigma,
    )  # fmt: skip
    return _with_points(picture, detector.detect(as_grey(picture), None))


@operation("orb_features", title="ORB features", takes=Takes.BGR)
def orb_features(picture: Bytes, parameters: Orb) -> Bytes:
    """Key points found on grey, drawn in colour with their size and direction."""
    if min(picture.shape[:2]) < _orb_side(parameters):
        return picture.copy()  # the smallest level of the pyramid would have no pixels; OpenCV fails on it
    detector = cv2.ORB.create(
        parameters.features,
        parameters.scale_factor,
        parameters.levels,
        fastThreshold=parameters.fast_threshold,
    )
    return _with_points(picture, detector.detect(as_grey(picture), None))


@operation("hough_lines", title="Hough lines", takes=Takes.BGR)
def hough_lines(picture: Bytes, parameters: Hough) -> Bytes:
    """Straight lines found on Canny's edges, drawn in red; the 10,000 first ones at most."""
    edges = cv2.Canny(as_grey(picture), parameters.low, parameters.high)
    found = cv2.HoughLinesP(
        edges,
        parameters.distance,
        math.radians(parameters.angle),
        parameters.votes,
        minLineLength=parameters.min_length,
        maxLineGap=parameters.max_gap,
    )
    drawn = picture.copy()
    lines = [] if found is None else np.asarray(found).reshape(-1, 4)[:MAX_LINES].tolist()
    for left, top, right, bottom in lines:
        cv2.line(drawn, (left, top), (right, bottom), RED, parameters.thickness)
    return drawn


@operation("contours", title="Contours", takes=Takes.BGR)
def contours(picture: Bytes, parameters: Contours) -> Bytes:
    """Green outlines around what is brighter than a threshold on grey."""
    level, kind = parameters.threshold, cv2.THRESH_BINARY
    if level is None:
        level, kind = 0, kind | cv2.THRESH_OTSU
    _, mask = cv2.threshold(as_grey(picture), level, 255, kind)
    mode = cv2.RETR_EXTERNAL if parameters.outer else cv2.RETR_LIST
    found, _ = cv2.findContours(mask, mode, cv2.CHAIN_APPROX_SIMPLE)
    large = [one for one in found if cv2.contourArea(one) >= parameters.min_area]
    drawn = picture.copy()
    cv2.drawContours(drawn, large, -1, GREEN, parameters.thickness)
    return drawn


def _orb_side(parameters: Orb) -> int:
    """The shortest side whose smallest level still has two pixels."""
    return math.ceil(2 * parameters.scale_factor ** (parameters.levels - 1))


def _with_points(picture: Bytes, points: "Sequence[cv2.KeyPoint]") -> Bytes:
    """Drawn in colours that OpenCV draws lots for: each time from the state that a fresh process has."""
    cv2.setRNGSeed(0)
    drawn = cv2.drawKeypoints(
        picture, points, picture.copy(), flags=cv2.DRAW_MATCHES_FLAGS_DRAW_RICH_KEYPOINTS
    )
    return np.asarray(drawn, np.uint8)
