"""Every other operation against plain OpenCV and numpy calls, on photographs."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from services.processing.registry import OPERATIONS
from tests.services.processing.pictures import Picture, cv2, grey_of, photo, png, processed
from tests.services.processing.test_operations_original import ORIGINAL


def curve(picture: Picture, values: Any) -> Picture:
    return cv2.LUT(picture, np.clip(np.rint(values), 0, 255).astype(np.uint8))


def clahe(picture: Picture) -> Picture:
    lab = cv2.cvtColor(picture, cv2.COLOR_BGR2LAB)
    light, a, b = cv2.split(lab)
    return cv2.cvtColor(cv2.merge([cv2.createCLAHE(2, (8, 8)).apply(light), a, b]), cv2.COLOR_LAB2BGR)


def grey_world(picture: Picture) -> Picture:
    means = [picture[:, :, channel].mean() for channel in range(3)]
    mean = sum(means) / 3
    channels = [np.rint(picture[:, :, n] * (mean / means[n])).clip(0, 255) for n in range(3)]
    return np.dstack(channels).astype(np.uint8)


def sobel(picture: Picture) -> Picture:
    parts = [cv2.Sobel(grey_of(picture), cv2.CV_32F, *d, ksize=3) for d in ((1, 0), (0, 1))]
    return cv2.addWeighted(cv2.convertScaleAbs(parts[0]), 0.5, cv2.convertScaleAbs(parts[1]), 0.5, 0)


def orb(picture: Picture) -> Picture:
    points = cv2.ORB_create(500).detect(grey_of(picture), None)
    cv2.setRNGSeed(0)
    return cv2.drawKeypoints(picture, points, None, flags=cv2.DRAW_MATCHES_FLAGS_DRAW_RICH_KEYPOINTS)


def lines(picture: Picture) -> Picture:
    found = cv2.HoughLinesP(
        cv2.Canny(grey_of(picture), 90, 180), 1, np.pi / 180, 80, minLineLength=30, maxLineGap=10
    )
    assert len(found)
    drawn = picture.copy()
    for left, top, right, bottom in found.reshape(-1, 4):
        cv2.line(drawn, (int(left), int(top)), (int(right), int(bottom)), (0, 0, 255), 2)
    return drawn


def outlines(picture: Picture) -> Picture:
    mask = cv2.threshold(grey_of(picture), 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[1]
    found, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    return cv2.drawContours(picture.copy(), found, -1, (0, 255, 0), 2)


def cut_out(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    left, top = round(width * 0.1), round(height * 0.1)
    frame = (left, top, width - 2 * left, height - 2 * top)
    cv2.setRNGSeed(0)
    cv2.grabCut(picture, mask, frame, np.zeros((1, 65)), np.zeros((1, 65)), 5, cv2.GC_INIT_WITH_RECT)
    alpha = np.where((mask == cv2.GC_BGD) | (mask == cv2.GC_PR_BGD), 0, 255).astype(np.uint8)
    return cv2.merge([*cv2.split(picture), alpha])


def turned(picture: Picture) -> Picture:
    """30 degrees clockwise, on a ground that holds all of it."""
    height, width = picture.shape[:2]
    sine, cosine = math.sin(math.radians(30)), math.cos(math.radians(30))
    size = math.ceil(width * cosine + height * sine), math.ceil(width * sine + height * cosine)
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -30, 1)
    matrix[0, 2] += (size[0] - width) / 2
    matrix[1, 2] += (size[1] - height) / 2
    return cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_CUBIC, borderValue=(255, 255, 255))


def morph(kind: int) -> Callable[[Picture], Picture]:
    return lambda picture: cv2.morphologyEx(picture, kind, np.ones((5, 5), np.uint8))


def binary(grey: Picture, level: int, kind: int = cv2.THRESH_BINARY) -> Picture:
    return cv2.threshold(grey, level, 255, kind)[1]


VALUES = np.arange(256)
GOLDEN: dict[tuple[Any, ...], Callable[[Picture], Picture]] = {
    ("background_removal",): cut_out,
    ("grey",): grey_of,
    ("brightness_contrast", ("brightness", 0.1), ("contrast", 1.5)): lambda picture: curve(
        picture, (VALUES - 127.5) * 1.5 + 127.5 + 25.5
    ),
    ("gamma",): lambda picture: curve(picture, (VALUES / 255) ** (1 / 1.5) * 255),
    ("clahe",): clahe,
    ("white_balance",): grey_world,
    ("sobel",): sobel,
    ("laplacian",): lambda picture: cv2.convertScaleAbs(cv2.Laplacian(grey_of(picture), cv2.CV_32F, ksize=3)),
    ("orb_features",): orb,
    ("hough_lines",): lines,
    ("contours",): outlines,
    ("resize",): lambda picture: cv2.resize(
        picture, (round(picture.shape[1] / 2), round(picture.shape[0] / 2)), interpolation=cv2.INTER_AREA
    ),
    ("resize", ("width", 900)): lambda picture: cv2.resize(
        picture, (900, round(picture.shape[0] * 900 / picture.shape[1])), interpolation=cv2.INTER_CUBIC
    ),
    ("resize", ("width", 70), ("height", 90), ("method", "lanczos")): lambda picture: cv2.resize(
        picture, (70, 90), interpolation=cv2.INTER_LANCZOS4
    ),
    ("crop", ("left", 20), ("top", 30), ("width", 100), ("height", 50)): lambda picture: picture[
        30:80, 20:120
    ],
    ("rotate",): lambda picture: cv2.rotate(picture, cv2.ROTATE_90_CLOCKWISE),
    ("rotate", ("angle", -90)): lambda picture: cv2.rotate(picture, cv2.ROTATE_90_COUNTERCLOCKWISE),
    ("rotate", ("angle", 180), ("expand", False)): lambda picture: cv2.rotate(picture, cv2.ROTATE_180),
    ("rotate", ("angle", 30)): turned,
    ("flip",): lambda picture: picture[:, ::-1],
    ("flip", ("direction", "vertical")): lambda picture: picture[::-1],
    ("flip", ("direction", "both")): lambda picture: picture[::-1, ::-1],
    ("opening",): morph(cv2.MORPH_OPEN),
    ("closing",): morph(cv2.MORPH_CLOSE),
    ("morphological_gradient",): morph(cv2.MORPH_GRADIENT),
    ("gaussian_blur",): lambda picture: cv2.GaussianBlur(picture, (5, 5), 0),
    ("median_blur",): lambda picture: cv2.medianBlur(picture, 5),
    ("bilateral_blur",): lambda picture: cv2.bilateralFilter(picture, 9, 75, 75),
    ("sharpen",): lambda picture: cv2.addWeighted(picture, 2, cv2.GaussianBlur(picture, (0, 0), 1), -1, 0),
    ("threshold",): lambda picture: binary(grey_of(picture), 128),
    ("threshold", ("level", 60), ("inverted", True)): lambda picture: binary(
        grey_of(picture), 60, cv2.THRESH_BINARY_INV
    ),
    ("otsu_threshold",): lambda picture: binary(grey_of(picture), 0, cv2.THRESH_BINARY | cv2.THRESH_OTSU),
    ("adaptive_threshold",): lambda picture: cv2.adaptiveThreshold(
        grey_of(picture), 255, cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY, 11, 2
    ),
    ("edge_detection", ("low", 30), ("high", 200), ("aperture", 5), ("precise", True)): lambda picture: (
        cv2.Canny(grey_of(picture), 30, 200, apertureSize=5, L2gradient=True)
    ),
    ("erosion", ("kernel", 7), ("shape", "ellipse"), ("iterations", 2)): lambda picture: cv2.erode(
        picture, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7)), iterations=2
    ),
    ("dilation", ("kernel", 4), ("shape", "cross")): lambda picture: cv2.dilate(
        picture, cv2.getStructuringElement(cv2.MORPH_CROSS, (4, 4))
    ),
}


@pytest.mark.parametrize("call", GOLDEN, ids=lambda call: "-".join(str(part) for part in call))
@pytest.mark.parametrize("photograph", ["coffee", "chelsea"])
def test_equals_plain_opencv(call: tuple[Any, ...], photograph: str) -> None:
    name, *parameters = call
    picture = photo(photograph, (150, 100) if name == "background_removal" else None)
    assert np.array_equal(processed(png(picture), name, **dict(parameters)), GOLDEN[call](picture))


def test_every_operation_has_a_golden_picture() -> None:
    assert set(OPERATIONS) == set(ORIGINAL) | {call[0] for call in GOLDEN}


def test_steps_work_one_after_the_other() -> None:
    picture = photo("astronaut")
    expected = cv2.Canny(cv2.GaussianBlur(grey_of(picture), (9, 9), 0), 90, 180)
    result = processed(png(picture), "grey", ("gaussian_blur", {"kernel": 9}), "edge_detection")
    assert np.array_equal(result, expected)


def test_a_large_picture_is_cut_out_at_a_smaller_size_and_keeps_its_pixels() -> None:
    picture = photo("astronaut", (600, 600))
    result = processed(png(picture), "background_removal", iterations=1)
    assert result.shape == (600, 600, 4)
    assert np.array_equal(result[:, :, :3], picture)
    assert result[300, 300, 3] == 255
    assert result[5, 5, 3] == 0
