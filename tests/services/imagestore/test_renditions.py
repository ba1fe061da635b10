"""Renditions: sizes by fit, formats, what is left out of them, and which format an Accept header gets."""

import itertools
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from PIL import Image

from services.imagestore.renditions import OUTPUT_FORMATS, Fit, RenditionSpec, render
from shared.errors import Unprocessable
from shared.imaging import BrokenImage, ImageFormat, ImageLimits, ImageTooLarge, UnsupportedFormat, probe
from shared.imaging.negotiation import negotiate
from tests.shared.imaging_samples import (
    black_png,
    corner_colours,
    corners,
    exif,
    opened,
    p3_profile,
    photo,
    pixel,
    psnr,
    saved,
)

JPEG, PNG, WEBP, AVIF = OUTPUT_FORMATS
CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"


@pytest.mark.parametrize(
    ("source", "spec", "size"),
    [
        ((600, 400), RenditionSpec(), (600, 400)),
        ((600, 400), RenditionSpec(300), (300, 200)),
        ((600, 400), RenditionSpec(None, 100), (150, 100)),
        ((600, 400), RenditionSpec(100, 100), (100, 67)),
        ((400, 600), RenditionSpec(100, 100), (67, 100)),
        ((600, 400), RenditionSpec(1200, 1200), (600, 400)),
        ((600, 400), RenditionSpec(1), (1, 1)),
        ((600, 400), RenditionSpec(100, 100, Fit.COVER), (100, 100)),
        ((600, 400), RenditionSpec(300, 100, Fit.COVER), (300, 100)),
        ((600, 400), RenditionSpec(800, 800, Fit.COVER), (400, 400)),
        ((600, 400), RenditionSpec(300, None, Fit.COVER), (300, 200)),
        ((600, 400), RenditionSpec(300, 100, Fit.FILL), (300, 100)),
        ((600, 400), RenditionSpec(300, 800, Fit.FILL), (300, 400)),
        ((9000, 20), RenditionSpec(), (8192, 18)),
        ((9000, 20), RenditionSpec(8192, 8192, Fit.COVER), (20, 20)),
    ],
)
def test_sizes(source: tuple[int, int], spec: RenditionSpec, size: tuple[int, int]) -> None:
    rendition = render(saved(Image.new("RGB", source, "red"), "JPEG"), spec)
    assert (rendition.width, rendition.height) == size
    assert opened(rendition.content).size == size


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("orientation", [1, 3, 5, 8])
def test_cover_cuts_both_ends_off_evenly(kind: str, orientation: int) -> None:
    content = saved(corners(), kind, exif=exif(orientation))
    seen = opened(render(content, RenditionSpec(40, 40, Fit.COVER, PNG)).content)
    whole = opened(render(content, RenditionSpec(format=PNG)).content)
    side = min(whole.size)
    left, top = (whole.width - side) // 2, (whole.height - side) // 2
    expected = whole.crop((left, top, left + side, top + side)).resize((40, 40), Image.Resampling.LANCZOS)
    assert corner_colours(seen) == corner_colours(expected)
    assert psnr(seen, expected) > 25


@pytest.mark.parametrize("kind", OUTPUT_FORMATS)
def test_formats(kind: ImageFormat) -> None:
    rendition = render(saved(photo(), "JPEG", quality=95), RenditionSpec(300, format=kind))
    assert rendition.media_type == f"image/{kind}"
    assert probe(rendition.content).format is kind
    reference = photo().resize((300, 200), Image.Resampling.LANCZOS)
    assert psnr(opened(rendition.content), reference) > 30


@pytest.mark.parametrize("kind", [JPEG, WEBP, AVIF])
def test_quality_tells(kind: ImageFormat) -> None:
    content = saved(photo(), "PNG")
    sizes = [
        len(render(content, RenditionSpec(300, quality=quality, format=kind)).content)
        for quality in (20, 60, 95)
    ]
    assert sizes[0] < sizes[1] < sizes[2]


@pytest.mark.parametrize("source", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("kind", OUTPUT_FORMATS)
def test_nothing_of_the_metadata_gets_out(source: str, kind: ImageFormat) -> None:
    block = exif(6, "2024:05:06 07:08:09", gps=True)
    content = saved(photo(), source, exif=block, icc_profile=p3_profile())
    assert b"Secret Camera" in content
    rendition = render(content, RenditionSpec(100, format=kind))
    image = opened(rendition.content)
    assert dict(image.getexif()) == {}
    assert not {"exif", "xmp", "icc_profile", "comment"} & image.info.keys()
    assert b"Secret Camera" not in rendition.content
    assert (rendition.width, rendition.height) == (100, 150)


@pytest.mark.parametrize("kind", [PNG, WEBP, AVIF])
def test_alpha_is_kept(kind: ImageFormat) -> None:
    image = Image.new("RGBA", (64, 64), (255, 0, 0, 128))
    seen = opened(render(saved(image, "PNG"), RenditionSpec(32, format=kind)).content)
    assert seen.mode == "RGBA"
    assert abs(int(np.asarray(seen)[16, 16, 3]) - 128) <= 3


def test_alpha_is_flattened_on_white_for_jpeg() -> None:
    for image, expected in (
        (Image.new("RGBA", (64, 64), (255, 0, 0, 128)), (255, 127, 127)),
        (Image.new("RGBA", (64, 64), (0, 0, 0, 0)), (255, 255, 255)),
        (Image.new("LA", (64, 64), (0, 128)), (127, 127, 127)),
    ):
        seen = opened(render(saved(image, "PNG"), RenditionSpec(32)).content)
        assert all(abs(a - b) <= 4 for a, b in zip(pixel(seen, 16, 16), expected, strict=True))


def test_grey_stays_one_channel() -> None:
    content = saved(photo().convert("L"), "JPEG")
    assert opened(render(content, RenditionSpec(100)).content).mode == "L"
    assert opened(render(content, RenditionSpec(100, format=PNG)).content).mode == "L"


def test_the_same_bytes_every_time_and_from_many_threads() -> None:
    content = saved(photo(), "JPEG", icc_profile=p3_profile())
    expected = render(content, RenditionSpec(200))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: render(content, RenditionSpec(200)), range(64)))
    assert set(answers) == {expected}


def test_refusals() -> None:
    spec = RenditionSpec(100)
    with pytest.raises(UnsupportedFormat):
        render(b"a text file", spec)
    with pytest.raises(ImageTooLarge):
        render(black_png(30_000), spec)
    with pytest.raises(ImageTooLarge):
        render(saved(corners(), "PNG"), spec, ImageLimits(max_side=100))
    content = saved(photo(), "JPEG")
    with pytest.raises(BrokenImage):
        render(content[: len(content) // 2], spec)


@pytest.mark.parametrize(
    "wrong",
    [
        {"width": 0},
        {"width": 8193},
        {"height": -1},
        {"quality": 0},
        {"quality": 101},
        {"format": ImageFormat.GIF},
    ],
)
def test_specifications_out_of_bounds(wrong: dict[str, Any]) -> None:
    with pytest.raises(Unprocessable) as refusal:
        RenditionSpec(**wrong)
    assert refusal.value.code == "invalid_rendition"


def test_cache_keys_differ_where_bytes_do() -> None:
    specs = [
        RenditionSpec(width, height, fit, kind, quality)
        for width, height, fit, kind, quality in itertools.product(
            (None, 100, 200), (None, 100, 200), Fit, (JPEG, WEBP, PNG), (70, 80)
        )
    ]
    for spec in specs:
        assert re.fullmatch(r"r\d+-[a-z0-9.-]+", spec.cache_key)
    content = saved(photo(), "JPEG")
    bytes_of: dict[str, bytes] = {}
    for spec in specs:
        rendition = render(content, spec).content
        assert bytes_of.setdefault(spec.cache_key, rendition) == rendition
    assert RenditionSpec(320).cache_key == "r1-320x0-contain-q80.jpeg"
    assert RenditionSpec(320, fit=Fit.COVER).cache_key == RenditionSpec(320).cache_key
    assert RenditionSpec(320, format=PNG, quality=1).cache_key == RenditionSpec(320, format=PNG).cache_key
    assert RenditionSpec(320, 0x140, Fit.COVER).cache_key == "r1-320x320-cover-q80.jpeg"


@pytest.mark.parametrize(
    ("accept", "photo_gets", "graphic_gets"),
    [
        (None, JPEG, PNG),
        ("", JPEG, PNG),
        ("*/*", JPEG, PNG),
        ("image/*", JPEG, PNG),
        (CHROME, AVIF, AVIF),
        ("image/webp,*/*;q=0.8", WEBP, WEBP),
        ("image/avif;q=0,image/webp,*/*", WEBP, WEBP),
        ("image/webp;q=0.5, image/jpeg", JPEG, JPEG),
        ("image/webp;q=0.5, */*;q=0.9", JPEG, PNG),
        ("image/png", PNG, PNG),
        ("image/jpeg", JPEG, JPEG),
        ("image/jpeg;q=0, image/*", PNG, PNG),
        ("IMAGE/WEBP ; Q=1", WEBP, WEBP),
        ("image/avif;q=nonsense", JPEG, PNG),
        ("text/html", JPEG, PNG),
        (",;,=", JPEG, PNG),
    ],
)
def test_negotiation(accept: str | None, photo_gets: ImageFormat, graphic_gets: ImageFormat) -> None:
    assert negotiate(accept, probe(saved(corners(), "JPEG"))) is photo_gets
    assert negotiate(accept, probe(saved(corners(), "PNG"))) is photo_gets
    assert negotiate(accept, ImageFormat.JPEG) is photo_gets
    assert negotiate(accept, ImageFormat.PNG) is graphic_gets
    assert negotiate(accept, probe(saved(corners().quantize(4), "PNG"))) is graphic_gets
    assert negotiate(accept, probe(saved(Image.new("RGBA", (8, 8)), "WEBP"))) is graphic_gets
