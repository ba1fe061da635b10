"""The eight operations of the old service, against plain OpenCV calls with its parameters: bit for bit."""

import numpy as np
import pytest

from services.processing.pipeline import parse_plain
from services.processing.render import render
from tests.services.processing.pictures import (
    PHOTOS,
    Picture,
    cv2,
    grey_of,
    jpeg,
    photo,
    png,
    processed,
    seen,
)


def edges(picture: Picture) -> Picture:
    return cv2.Canny(grey_of(picture), 90, 180)


def inverted(picture: Picture) -> Picture:
    return cv2.bitwise_not(picture)


def corners(picture: Picture) -> Picture:
    """Each corner at (column, row), one circle after the other."""
    response = cv2.dilate(cv2.cornerHarris(np.float32(grey_of(picture)), 2, 3, 0.04), None)
    drawn = picture.copy()
    for row, column in np.argwhere(response > 0.1 * response.max()):
        cv2.circle(drawn, (int(column), int(row)), 5, (0, 0, 255), -1)
    return drawn


def sift(picture: Picture) -> Picture:
    points = cv2.SIFT_create().detect(grey_of(picture), None)
    cv2.setRNGSeed(0)  # the state in which a process begins
    return cv2.drawKeypoints(picture, points, None, flags=cv2.DRAW_MATCHES_FLAGS_DRAW_RICH_KEYPOINTS)


def denoised(picture: Picture) -> Picture:
    return cv2.fastNlMeansDenoisingColored(picture, None, 10, 10, 7, 21)


def eroded(picture: Picture) -> Picture:
    return cv2.erode(picture, np.ones((5, 5), np.uint8), iterations=1)


def dilated(picture: Picture) -> Picture:
    return cv2.dilate(picture, np.ones((5, 5), np.uint8), iterations=1)


def equalised(picture: Picture) -> Picture:
    return cv2.equalizeHist(grey_of(picture))


ORIGINAL = {
    "edge_detection": edges,
    "colour_inversion": inverted,
    "corner_detection": corners,
    "sift_features": sift,
    "denoise": denoised,
    "erosion": eroded,
    "dilation": dilated,
    "histogram_equalisation": equalised,
}


@pytest.mark.parametrize("name", ORIGINAL)
@pytest.mark.parametrize("photograph", PHOTOS)
def test_equals_plain_opencv(name: str, photograph: str) -> None:
    picture = photo(photograph, (160, 120) if name == "denoise" else None)
    assert np.array_equal(processed(png(picture), name), ORIGINAL[name](picture))


@pytest.mark.parametrize("name", ORIGINAL)
def test_equals_plain_opencv_on_what_imread_makes_of_a_jpeg(name: str) -> None:
    content = jpeg(photo("chelsea", (150, 100)), 80)
    assert np.array_equal(processed(content, name), ORIGINAL[name](seen(content)))


@pytest.mark.parametrize("name", ORIGINAL)
def test_the_jpeg_that_comes_out_is_the_one_that_imencode_makes(name: str) -> None:
    content = jpeg(photo("rocket", (160, 110)))
    result = render(content, parse_plain([{"operation": name}]))
    assert result.media_type == "image/jpeg"
    assert result.content == jpeg(ORIGINAL[name](seen(content)))


@pytest.mark.parametrize("name", ORIGINAL)
@pytest.mark.parametrize("kind", ["grey", "alpha", "grey16", "colour16", "alpha16"])
def test_other_kinds_of_pixels_are_seen_as_imread_sees_them(
    name: str, kind: str, every_kind: dict[str, Picture]
) -> None:
    content = png(every_kind[kind])
    assert np.array_equal(processed(content, name), ORIGINAL[name](seen(content)))


def test_corners_of_a_bright_rectangle_are_drawn_at_its_corners() -> None:
    picture = np.zeros((80, 200, 3), np.uint8)
    picture[20:60, 120:180] = 255
    red = np.argwhere((processed(png(picture), "corner_detection") == (0, 0, 255)).all(axis=2))
    for row, column in ((20, 120), (20, 179), (59, 120), (59, 179)):
        assert np.hypot(*(red - (row, column)).T).min() < 3
    assert red[:, 0].max() < 80
    assert red[:, 1].min() > 100


def test_circles_are_cut_off_at_the_edges_as_circles_are() -> None:
    picture = np.random.default_rng(5).integers(0, 256, (40, 50, 3), np.uint8)
    assert np.array_equal(processed(png(picture), "corner_detection"), corners(picture))


def test_key_points_have_the_same_colours_each_time() -> None:
    content = png(photo("astronaut", (256, 256)))
    assert np.array_equal(processed(content, "sift_features"), processed(content, "sift_features"))
