"""Every operation on every kind of pixels: what comes out, or why nothing does."""

import numpy as np
import pytest

from services.processing.picture import Takes, UnsuitableImage
from services.processing.pipeline import parse_plain
from services.processing.registry import OPERATIONS
from services.processing.render import render
from shared.imaging import ImageFormat
from shared.imaging.arrays import read_array, write_array
from shared.imaging.probe import probe
from tests.services.processing.pictures import Picture, other_files, photo, png, processed, seen
from tests.shared.imaging_samples import exif, saved
from tests.shared.imaging_samples import photo as sample

KINDS = ("grey", "colour", "alpha", "grey16", "colour16", "alpha16")
G, C, A, G16, C16, A16 = KINDS
KEEPS: dict[str, str | None] = {G: G, C: C, A: A, G16: G16, C16: C16, A16: A16}
EIGHT_BITS: dict[str, str | None] = {G: G, C: C, A: A, G16: G, C16: C, A16: A}
ALWAYS_COLOUR: dict[str, str | None] = dict.fromkeys(KINDS, C)
ALWAYS_GREY: dict[str, str | None] = dict.fromkeys(KINDS, G)
REFUSES_GREY: dict[str, str | None] = {**EIGHT_BITS, G: None, G16: None}
BECOMES: dict[str, dict[str, str | None]] = {
    "background_removal": dict.fromkeys(KINDS, A),
    "colour_inversion": ALWAYS_COLOUR,
    "histogram_equalisation": ALWAYS_GREY,
    "grey": {G: G, C: G, A: A, G16: G16, C16: G16, A16: A16},
    "brightness_contrast": KEEPS,
    "gamma": KEEPS,
    "clahe": {**EIGHT_BITS, G16: G16},
    "white_balance": REFUSES_GREY,
    "edge_detection": ALWAYS_GREY,
    "sobel": ALWAYS_GREY,
    "laplacian": ALWAYS_GREY,
    "corner_detection": ALWAYS_COLOUR,
    "sift_features": ALWAYS_COLOUR,
    "orb_features": ALWAYS_COLOUR,
    "hough_lines": ALWAYS_COLOUR,
    "contours": ALWAYS_COLOUR,
    "resize": KEEPS,
    "crop": KEEPS,
    "rotate": KEEPS,
    "flip": KEEPS,
    "erosion": ALWAYS_COLOUR,
    "dilation": ALWAYS_COLOUR,
    "opening": KEEPS,
    "closing": KEEPS,
    "morphological_gradient": KEEPS,
    "gaussian_blur": KEEPS,
    "median_blur": KEEPS,
    "bilateral_blur": EIGHT_BITS,
    "denoise": ALWAYS_COLOUR,
    "sharpen": KEEPS,
    "threshold": ALWAYS_GREY,
    "otsu_threshold": ALWAYS_GREY,
    "adaptive_threshold": ALWAYS_GREY,
}


def kind_of(picture: Picture) -> str:
    """The name of the picture's kind of pixels."""
    name = "grey" if picture.ndim == 2 else {3: "colour", 4: "alpha"}[picture.shape[2]]
    return name + ("16" if picture.dtype == np.uint16 else "")


def test_every_operation_is_in_the_table() -> None:
    assert set(BECOMES) == set(OPERATIONS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_each_kind_becomes_what_the_table_says(name: str, kind: str, every_kind: dict[str, Picture]) -> None:
    content = png(every_kind[kind])
    wanted = BECOMES[name][kind]
    if wanted is None:
        with pytest.raises(UnsuitableImage) as refused:
            processed(content, name)
        assert refused.value.status == 422
        assert name in refused.value.detail
        assert refused.value.extra == {"step": 1, "operation": name}
        return
    result = processed(content, name)
    assert kind_of(result) == wanted
    if name not in {"resize", "rotate"}:
        assert result.shape[:2] == every_kind[kind].shape[:2]


@pytest.mark.parametrize(
    "name", [n for n, one in OPERATIONS.items() if one.takes in (Takes.COLOURS, Takes.COLOURED)]
)
def test_alpha_that_is_set_aside_comes_back_untouched(name: str, every_kind: dict[str, Picture]) -> None:
    result = processed(png(every_kind[A]), name)
    assert np.array_equal(result[:, :, 3], every_kind[A][:, :, 3])
    assert np.array_equal(result[:, :, :3], processed(png(every_kind[C]), name))


@pytest.mark.parametrize(
    "name", ["brightness_contrast", "gamma", "gaussian_blur", "resize", "sharpen", "opening"]
)
def test_16_bits_say_what_8_bits_say_but_finer(name: str, every_kind: dict[str, Picture]) -> None:
    fine = processed(png(every_kind[C16]), name)
    coarse = processed(png(every_kind[C]), name)
    assert len(np.unique(fine)) > 300
    assert np.abs((fine / 257) - coarse).mean() < 2


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 40, 3), (40, 1), (2, 3, 4)])
def test_tiny_pictures_work_or_are_refused(name: str, shape: tuple[int, ...]) -> None:
    picture = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    if name == "background_removal" or (name == "white_balance" and len(shape) == 2):
        with pytest.raises(UnsuitableImage):
            processed(png(picture), name)
    else:
        assert processed(png(picture), name).size


@pytest.mark.parametrize("level", [0, 255])
@pytest.mark.parametrize("name", OPERATIONS)
def test_flat_pictures_work(name: str, level: int) -> None:
    assert processed(png(np.full((24, 30, 3), level, np.uint8)), name).size


def test_a_picture_without_corners_gets_no_circle() -> None:
    flat = np.full((24, 30, 3), 7, np.uint8)
    assert np.array_equal(processed(png(flat), "corner_detection"), flat)


@pytest.mark.parametrize("kind", KINDS)
def test_a_png_keeps_every_bit(kind: str, every_kind: dict[str, Picture]) -> None:
    content = write_array(every_kind[kind], ImageFormat.PNG)
    assert np.array_equal(read_array(content, probe(content)), every_kind[kind])
    assert content == png(every_kind[kind])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("output", [ImageFormat.JPEG, ImageFormat.WEBP, ImageFormat.AVIF])
def test_every_kind_can_be_written_in_every_format(
    kind: str, output: ImageFormat, every_kind: dict[str, Picture]
) -> None:
    content = write_array(every_kind[kind], output)
    assert probe(content).format is output
    back = read_array(content, probe(content))
    bytes_of = (every_kind[kind] >> 8) if kind.endswith("16") else every_kind[kind]
    if "alpha" in kind and output is ImageFormat.JPEG:
        alpha = bytes_of[:, :, 3:] / 255
        bytes_of = bytes_of[:, :, :3] * alpha + 255 * (1 - alpha)
    if back.ndim == 3 and bytes_of.ndim == 2:
        bytes_of = np.dstack([bytes_of] * 3)
    assert np.abs(back.astype(float) - bytes_of).mean() < 14


@pytest.mark.parametrize("kind", ["bmp", "tiff", "webp"])
def test_other_formats_are_read_pixel_by_pixel(kind: str) -> None:
    picture = photo("chelsea", (90, 60))
    assert np.array_equal(processed(other_files(picture)[kind], "flip"), picture[:, ::-1])


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [
        ("bmp", "image/png"),
        ("tiff", "image/png"),
        ("gif", "image/png"),
        ("webp", "image/webp"),
        ("avif", "image/avif"),
    ],
)
def test_a_result_has_its_sources_format_or_one_that_loses_nothing(kind: str, media_type: str) -> None:
    content = other_files(photo("chelsea", (90, 60)))[kind]
    assert render(content, parse_plain([{"operation": "flip"}])).media_type == media_type


def test_pictures_are_turned_upright_as_imread_does() -> None:
    for orientation in range(1, 9):
        content = saved(sample(), "JPEG", exif=exif(orientation))
        assert np.array_equal(read_array(content, probe(content)), seen(content))
