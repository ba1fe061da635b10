"""Pixels: upright, in sRGB, of the right size, whatever the file keeps them in."""

import io
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import skimage
from PIL import Image, ImageCms

from shared.imaging import BrokenImage, ImageLimits, probe
from shared.imaging.opencv import cv2
from shared.imaging.pixels import decode
from shared.imaging.resize import shrink
from shared.imaging.view import View
from tests.shared.imaging_samples import (
    CYAN_IN_LAB,
    cmyk_profile,
    corner_colours,
    corners,
    exif,
    opened,
    p3_profile,
    photo,
    psnr,
    saved,
)

SEEN = {1: "rgbw", 2: "grwb", 3: "wbgr", 4: "bwrg", 5: "rbgw", 6: "brwg", 7: "wgbr", 8: "gwrb"}
"""What each EXIF orientation makes of the quarters red, green, blue, white (CIPA DC-008, 4.6.4)."""
P3_TO_SRGB = np.array([[1.2249, -0.2247, 0], [-0.0420, 1.0419, 0], [-0.0197, -0.0786, 1.0979]])
"""Linear light, D65 (CSS Color 4, sample code)."""
BITS16 = np.linspace(0, 65535, 64 * 64).astype(np.uint16).reshape(64, 64)


def whole(content: bytes) -> np.ndarray:
    return decode(content, probe(content))


def colour(content: bytes) -> tuple[int, ...]:
    """The pixel in the middle."""
    pixels = whole(content)
    return tuple(int(value) for value in np.atleast_1d(pixels[pixels.shape[0] // 2, pixels.shape[1] // 2]))


def linear(values: np.ndarray) -> np.ndarray:
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def encoded(values: np.ndarray) -> np.ndarray:
    values = np.clip(values, 0, 1)
    return np.where(values <= 0.0031308, values * 12.92, 1.055 * values ** (1 / 2.4) - 0.055) * 255


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright(kind: str, orientation: int) -> None:
    content = saved(corners(), kind, exif=exif(orientation))
    info = probe(content)
    for view in (None, View((info.width, info.height), (info.width // 4, info.height // 4))):
        pixels = decode(content, info, view)
        assert corner_colours(Image.fromarray(pixels)) == SEEN[orientation]
        width, height = view.size if view else (info.width, info.height)
        assert pixels.shape == (height, width, 3)


@pytest.mark.parametrize("orientation", [1, 6])
def test_the_middle_is_kept(orientation: int) -> None:
    bars = np.zeros((96, 192, 3), np.uint8)
    bars[:, 48:144] = (255, 255, 255)
    for kind in ("JPEG", "PNG", "TIFF"):
        content = saved(Image.fromarray(bars), kind, exif=exif(orientation))
        for side in (96, 48, 12):
            pixels = decode(content, probe(content), View((96, 96), (side, side)))
            assert pixels.shape == (side, side, 3)
            assert pixels[1:-1, 1:-1].min() > 235


@pytest.mark.parametrize("name", ["coffee", "astronaut", "chelsea", "rocket"])
@pytest.mark.parametrize("width", [400, 300, 200, 150, 120])
def test_reduced_jpegs_look_like_a_careful_reference(name: str, width: int) -> None:
    content = saved(photo(name), "JPEG", quality=92)
    source = opened(content)
    size = (width, round(source.height * width / source.width))
    pixels = decode(content, probe(content), View(source.size, size))
    assert psnr(Image.fromarray(pixels), source.resize(size, Image.Resampling.LANCZOS)) > 33


@pytest.mark.parametrize(("name", "width"), [("hubble_deep_field", 320), ("retina", 320), ("retina", 180)])
def test_jpegs_straight_from_a_camera(name: str, width: int) -> None:
    content = (Path(skimage.__file__).parent / "data" / f"{name}.jpg").read_bytes()
    source = opened(content)
    size = (width, round(source.height * width / source.width))
    pixels = decode(content, probe(content), View(source.size, size))
    assert psnr(Image.fromarray(pixels), source.resize(size, Image.Resampling.LANCZOS)) > 30


def test_wide_gamut_becomes_srgb() -> None:
    p3 = (200, 100, 50)
    expected = encoded(P3_TO_SRGB @ linear(np.array(p3) / 255))
    assert abs(expected - np.array(p3)).max() > 8
    for kind, options in (("JPEG", {"quality": 100, "subsampling": 0}), ("PNG", {}), ("TIFF", {})):
        content = saved(Image.new("RGB", (64, 64), p3), kind, icc_profile=p3_profile(), **options)
        assert abs(np.array(colour(content)) - expected).max() <= 3


def test_an_srgb_profile_changes_nothing() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain = saved(photo(), "JPEG")
    assert np.array_equal(whole(saved(photo(), "JPEG", icc_profile=profile)), whole(plain))


@pytest.mark.parametrize("profile", [b"nonsense", p3_profile()[:300], cmyk_profile(), bytes(5_000_000)])
def test_profiles_that_are_damaged_or_for_other_colours_are_left_out(profile: bytes) -> None:
    plain = saved(photo(), "JPEG")
    assert np.array_equal(whole(saved(photo(), "JPEG", icc_profile=profile)), whole(plain))


def test_cmyk_by_its_profile() -> None:
    lightness, a, b = CYAN_IN_LAB
    y = (lightness + 16) / 116
    # CIE Lab to XYZ (D50), then to linear sRGB through Bradford's adaptation (CSS Color 4, sample code)
    xyz = np.array(
        [t**3 if t > 6 / 29 else 3 * (6 / 29) ** 2 * (t - 4 / 29) for t in (y + a / 500, y, y - b / 200)]
    )
    xyz *= (0.9642, 1.0, 0.8249)
    to_srgb = [[3.1342, -1.6174, -0.4907], [-0.9788, 1.9160, 0.0334], [0.0720, -0.2290, 1.4052]]
    expected = encoded(np.array(to_srgb) @ xyz)
    for kind, options in (("JPEG", {"quality": 100}), ("TIFF", {})):
        content = saved(
            Image.new("CMYK", (64, 64), (255, 0, 0, 0)), kind, icc_profile=cmyk_profile(), **options
        )
        assert abs(np.array(colour(content)) - expected).max() <= 4


@pytest.mark.parametrize(
    ("inks", "expected"),
    [((255, 0, 0, 0), (0, 255, 255)), ((0, 0, 0, 255), (0, 0, 0)), ((0, 0, 0, 0), (255,) * 3)],
)
def test_cmyk_without_profile(inks: tuple[int, ...], expected: tuple[int, ...]) -> None:
    for kind in ("JPEG", "TIFF"):
        content = saved(Image.new("CMYK", (64, 64), inks), kind)
        assert np.abs(np.array(colour(content)) - expected).max() <= 2


def test_grey_stays_grey() -> None:
    for kind in ("JPEG", "PNG", "TIFF", "BMP"):
        assert colour(saved(Image.new("L", (64, 64), 99), kind)) == (99,)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_of_grey(kind: str) -> None:
    pixels = whole(saved(Image.fromarray(BITS16), kind))
    assert np.abs(pixels.astype(float) - BITS16 / 257).max() <= 1


def test_sixteen_bits_of_colour() -> None:
    rgb = np.stack([BITS16, BITS16[::-1], BITS16.T], -1)
    done, content = cv2.imencode(".png", rgb[:, :, ::-1])
    assert done
    assert np.abs(whole(content.tobytes()).astype(float) - rgb / 257).max() <= 1


def test_sixteen_bits_where_zero_is_white() -> None:
    content = saved(Image.fromarray(BITS16), "TIFF")
    black_is_zero, white_is_zero = struct.pack("<HHIH", 262, 3, 1, 1), struct.pack("<HHIH", 262, 3, 1, 0)
    assert content.count(black_is_zero) == 1
    pixels = whole(content.replace(black_is_zero, white_is_zero))
    assert np.abs(pixels.astype(float) - (255 - BITS16 / 257)).max() <= 1


@pytest.mark.parametrize("values", [np.float32, np.int32])
def test_floats_and_large_numbers_are_stretched(values: type) -> None:
    content = saved(Image.fromarray((BITS16.astype(np.float64) * 16 - 1000).astype(values)), "TIFF")
    pixels = whole(content)
    assert np.abs(pixels.astype(float) - BITS16 / 257).max() <= 1


def test_one_bit() -> None:
    halves = np.zeros((64, 64), bool)
    halves[:, 32:] = True
    for kind in ("PNG", "TIFF", "BMP"):
        pixels = whole(saved(Image.fromarray(halves), kind))
        assert pixels[10, 10] == 0
        assert pixels[10, 60] == 255


def test_palettes_with_and_without_transparency() -> None:
    image = corners().quantize(4)
    for kind in ("PNG", "GIF", "BMP", "TIFF"):
        pixels = whole(saved(image, kind))
        assert pixels.shape == (96, 160, 3)
        assert corner_colours(Image.fromarray(pixels)) == "rgbw"
    clear = image.getpixel((5, 5))
    for kind in ("PNG", "GIF"):
        pixels = whole(saved(image, kind, transparency=clear))
        assert pixels.shape == (96, 160, 4)
        assert pixels[5, 5, 3] == 0
        assert tuple(pixels[90, 150]) == (255, 255, 255, 255)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "AVIF"])
def test_alpha_is_kept_and_does_not_bleed(kind: str) -> None:
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[:, :32] = (200, 0, 0, 255)
    pixels[:, 32:] = (0, 255, 0, 0)  # clear green must not show at the edge
    options = {"lossless": True} if kind == "WEBP" else {"quality": 100} if kind == "AVIF" else {}
    content = saved(Image.fromarray(pixels), kind, **options)
    small = decode(content, probe(content), View((64, 64), (11, 11)))
    assert small.shape == (11, 11, 4)
    assert np.abs(small[5, 1].astype(int) - (200, 0, 0, 255)).max() <= 6
    assert small[5, -2, 3] <= 2
    edge = small[5, 5]
    assert 20 < edge[3] < 235
    assert edge[1] <= 30


def test_alpha_of_wide_gamut_and_of_grey() -> None:
    image = Image.new("RGBA", (8, 8), (200, 100, 50, 77))
    seen = colour(saved(image, "PNG", icc_profile=p3_profile()))
    assert seen[3] == 77
    assert seen[0] > 208
    assert colour(saved(Image.new("LA", (8, 8), (90, 33)), "PNG")) == (90, 33)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "AVIF", "TIFF", "PNG"])
def test_only_the_first_frame(kind: str) -> None:
    frames = [Image.new("RGB", (32, 32), name) for name in ("red", "blue", "green")]
    content = saved(frames[0], kind, save_all=True, append_images=frames[1:])
    seen = colour(content)
    assert seen[0] > 240
    assert max(seen[1:3]) < 15


def test_a_header_that_lies_about_the_content() -> None:
    content = bytearray(saved(corners(), "WEBP", exif=exif()))
    content[24] += 10  # the canvas of VP8X, no longer that of the frame
    with pytest.raises(BrokenImage):
        whole(bytes(content))


def test_pixels_of_another_size_than_described() -> None:
    for kind in ("JPEG", "PNG", "GIF"):
        content = saved(photo(), kind)
        with pytest.raises(BrokenImage):
            decode(content, replace(probe(content), width=700))


@pytest.mark.parametrize(
    ("ratio", "gain"), [(1.1, 5), (1.3, 4), (1.5, 2), (2.3, -1.5), (3.4, -1.5), (6.4, -1.5)]
)
def test_shrinking_beside_the_mean_over_areas(ratio: float, gain: float) -> None:
    for name in ("coffee", "rocket", "chelsea", "astronaut"):
        source = photo(name)
        size = (round(source.width / ratio), round(source.height / ratio))
        reference = source.resize(size, Image.Resampling.LANCZOS)
        area = cv2.resize(np.asarray(source), size, interpolation=cv2.INTER_AREA)
        ours = psnr(Image.fromarray(shrink(np.asarray(source), size)), reference)
        assert ours > psnr(Image.fromarray(np.asarray(area, np.uint8)), reference) + gain


@pytest.mark.parametrize("missing", [1, 2, 10, 1_000])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_without_its_last_bytes(missing: int, progressive: bool) -> None:
    content = saved(photo(), "JPEG", progressive=progressive)[:-missing]
    for size in ((600, 400), (75, 50)):
        with pytest.raises(BrokenImage):
            decode(content, probe(content), View((600, 400), size))


def test_larger_limits_go_past_the_one_of_opencv() -> None:
    limits = ImageLimits(max_pixels=60_000_000)
    content = saved(Image.new("L", (10_000, 5_001), 50), "JPEG")
    pixels = decode(content, probe(content, limits))
    assert pixels.shape == (5_001, 10_000)
    assert int(pixels[2_500, 5_000]) == 50


def test_pillow_warns_of_nothing_that_the_limits_allow() -> None:
    content = saved(Image.new("1", (16_384, 6_000)), "PNG")
    info = probe(content, ImageLimits(max_pixels=100_000_000))
    assert decode(content, info, View((16_384, 6_000), (64, 23))).shape == (23, 64)


def test_what_an_mpo_of_a_phone_shows_first() -> None:
    out = io.BytesIO()
    corners().save(out, "MPO", save_all=True, append_images=[Image.new("RGB", (160, 96), "black")])
    assert corner_colours(Image.fromarray(whole(out.getvalue()))) == "rgbw"


def test_colours_in_64_bit_floats_are_said_to_be_unreadable() -> None:
    content = (Path(skimage.__file__).parent / "data" / "multipage_rgb.tif").read_bytes()
    with pytest.raises(BrokenImage, match="of a kind that nothing here reads"):
        whole(content)
