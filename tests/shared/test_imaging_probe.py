"""What an image is, from its header: format, size as displayed, moment, and what must be refused."""

import io
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from PIL import Image

from shared.imaging import (
    BrokenImage,
    ImageFormat,
    ImageInfo,
    ImageLimits,
    ImageTooLarge,
    UnsupportedFormat,
    probe,
)
from tests.shared.imaging_samples import corners, exif, photo, png, png_chunk, saved, tiff

ALL = ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF"]
WITH_EXIF = ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"]


@pytest.mark.parametrize("kind", ALL)
def test_tells_format_and_size(kind: str) -> None:
    info = probe(saved(corners(), kind))
    assert info == ImageInfo(ImageFormat[kind], 160, 96, graphic=kind == "GIF")
    assert info.media_type == f"image/{kind.lower()}"


@pytest.mark.parametrize("kind", WITH_EXIF)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_size_is_the_one_displayed(kind: str, orientation: int) -> None:
    info = probe(saved(corners(), kind, exif=exif(orientation)))
    assert info.orientation == orientation
    assert (info.width, info.height) == ((96, 160) if orientation >= 5 else (160, 96))
    assert info.stored_size == (160, 96)


@pytest.mark.parametrize("kind", WITH_EXIF)
def test_moment_with_its_offset(kind: str) -> None:
    content = saved(corners(), kind, exif=exif(taken="2024:05:06 07:08:09", offset="+05:30"))
    expected = datetime(2024, 5, 6, 7, 8, 9, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    taken = probe(content).taken_at
    assert taken == expected
    assert taken is not None
    assert taken.utcoffset() == timedelta(hours=5, minutes=30)


@pytest.mark.parametrize(
    ("taken", "offset", "expected"),
    [
        ("2024:05:06 07:08:09", None, datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)),
        ("2024:05:06 07:08:09", "   :  ", datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)),
        ("0000:00:00 00:00:00", None, None),
        ("    :  :     :  :  ", None, None),
        ("2024:02:30 00:00:00", "+00:00", None),
        (None, "+02:00", None),
    ],
)
def test_moment_without_offset_or_without_sense(
    taken: str | None, offset: str | None, expected: datetime | None
) -> None:
    assert probe(saved(corners(), "JPEG", exif=exif(taken=taken, offset=offset))).taken_at == expected


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_counts_as_upright(orientation: int) -> None:
    assert probe(saved(corners(), "JPEG", exif=exif(orientation))).orientation == 1


def test_exif_behind_the_pixels_of_a_png_is_found() -> None:
    content = saved(photo(), "PNG")
    late = png_chunk(b"eXIf", exif(6, "2024:05:06 07:08:09").removeprefix(b"Exif\0\0"))
    info = probe(content[:-12] + late + content[-12:])
    assert (info.width, info.height, info.orientation) == (400, 600, 6)
    assert info.taken_at == datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


def test_damaged_exif_does_not_spoil_the_image() -> None:
    content = saved(corners(), "JPEG", exif=exif(6)).replace(b"Exif\0\0II*\0", b"Exif\0\0II*\1")
    content = content.replace(b"Exif\0\0MM\0*", b"Exif\0\0MM\1*")
    assert probe(content) == ImageInfo(ImageFormat.JPEG, 160, 96)


@pytest.mark.parametrize(
    ("mode", "kind", "graphic"),
    [
        ("RGBA", "PNG", True),
        ("LA", "PNG", True),
        ("P", "PNG", True),
        ("RGB", "PNG", False),
        ("L", "PNG", False),
        ("RGBA", "WEBP", True),
        ("RGB", "WEBP", False),
        ("RGBA", "AVIF", True),
        ("RGB", "AVIF", False),
        ("RGBA", "TIFF", True),
        ("P", "TIFF", True),
        ("CMYK", "TIFF", False),
        ("CMYK", "JPEG", False),
        ("P", "BMP", True),
    ],
)
def test_tells_where_jpeg_would_lose_something(mode: str, kind: str, graphic: bool) -> None:
    image = corners().convert(mode)
    if "A" in mode:
        image.putalpha(77)
    assert probe(saved(image, kind)).graphic is graphic


def test_transparency_of_lossless_webp_and_of_a_colour_in_png() -> None:
    assert probe(saved(Image.new("RGBA", (9, 9), (1, 2, 3, 4)), "WEBP", lossless=True)).graphic
    assert probe(saved(Image.new("RGB", (9, 9)), "PNG", transparency=(0, 0, 0))).graphic


def test_reads_paths_files_and_views(tmp_path: Path) -> None:
    content = saved(corners(), "JPEG", exif=exif(6, "2024:05:06 07:08:09"))
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    expected = probe(content)
    assert expected.orientation == 6
    assert probe(path) == expected
    assert probe(io.BytesIO(content)) == expected
    assert probe(memoryview(content)) == expected
    assert probe(bytearray(content)) == expected


def test_fill_bytes_and_garbage_between_segments_are_skipped() -> None:
    content = saved(corners(), "JPEG")
    assert probe(content[:2] + b"\xff\xff\xff" + content[2:]) == ImageInfo(ImageFormat.JPEG, 160, 96)
    assert probe(content[:2] + b"\xff\x00garbage" + content[2:]) == ImageInfo(ImageFormat.JPEG, 160, 96)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8",
        b"just a text, called .jpg",
        b"BM is how this text starts",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        b"RIFF\x24\0\0\0WAVEfmt ",
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        b"\0\0\0\x0cjxl \r\n\x87\n",
        b"\0\0\1\0\1\0",
    ],
)
def test_other_bytes_are_not_supported(content: bytes) -> None:
    with pytest.raises(UnsupportedFormat) as refusal:
        probe(content)
    assert (refusal.value.status, refusal.value.code) == (415, "unsupported_format")


@pytest.mark.parametrize(
    ("size", "refused"),
    [
        ((16_384, 3_000), False),
        ((16_385, 1), True),
        ((1, 16_385), True),
        ((10_000, 5_000), False),
        ((10_000, 5_001), True),
    ],
)
def test_limits(size: tuple[int, int], refused: bool) -> None:
    content = png(*size, png_chunk(b"IDAT", b""))
    if not refused:
        assert (probe(content).width, probe(content).height) == size
        return
    with pytest.raises(ImageTooLarge) as refusal:
        probe(content)
    assert (refusal.value.status, refusal.value.code) == (422, "image_too_large")
    assert f"{size[0]} x {size[1]}" in refusal.value.detail


def test_limits_are_a_parameter() -> None:
    content = saved(corners(), "PNG")
    assert probe(content, ImageLimits(max_pixels=160 * 96, max_side=160)).width == 160
    with pytest.raises(ImageTooLarge):
        probe(content, ImageLimits(max_pixels=160 * 96 - 1))
    with pytest.raises(ImageTooLarge):
        probe(content, ImageLimits(max_side=159))


@pytest.mark.parametrize(
    "content",
    [
        png(0, 10),
        png(10, 10)[:-1] + b"\0",
        saved(corners(), "PNG")[:20],
        saved(corners(), "JPEG")[:200],
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8\xff" + bytes(10_000),
        b"GIF89a\x10\0\x10\0\0\0\0;",
        saved(corners(), "WEBP")[:25],
        saved(corners(), "AVIF")[:60],
        saved(corners(), "BMP")[:20],
        tiff((256, 3, 1, 10)),
        b"II*\0\xff\xff\xff\x7f",
    ],
)
def test_headers_that_cannot_be_read_are_broken(content: bytes) -> None:
    with pytest.raises(BrokenImage) as refusal:
        probe(content)
    assert (refusal.value.status, refusal.value.code) == (422, "broken_image")
