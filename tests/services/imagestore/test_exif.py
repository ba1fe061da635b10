"""EXIF as text: what a person reads of what a camera wrote."""

import pytest
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from services.imagestore.exif_facts import read_facts
from tests.services.imagestore.store import Store, picture, problem, sha256
from tests.shared.imaging_samples import exif, photo, saved


def camera_block() -> bytes:
    """What a camera writes, and what a hostile hand might."""
    block = Image.Exif()
    block[ExifTags.Base.Make] = "Nikon\x00"
    block[ExifTags.Base.Orientation] = 6
    block[ExifTags.Base.ImageDescription] = "two\nlines \x1b[31m and tricks"
    inner = block.get_ifd(ExifTags.IFD.Exif)
    inner[ExifTags.Base.ExposureTime] = IFDRational(1, 125)
    inner[ExifTags.Base.FNumber] = IFDRational(28, 10)
    inner[ExifTags.Base.FocalLength] = 50.0
    inner[ExifTags.Base.ISOSpeedRatings] = 400
    inner[ExifTags.Base.ExifVersion] = b"0232"
    inner[ExifTags.Base.MakerNote] = bytes(range(256))
    block.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (48.0, 8.0, 13.5)
    return block.tobytes()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_entries_are_read_out_of_every_format_that_has_some(kind: str) -> None:
    content = saved(photo().resize((16, 16)), kind, exif=camera_block())
    found = {(fact.group, fact.name): fact.value for fact in read_facts(content)}
    wanted = {
        ("Image", "Make"): "Nikon",
        ("Image", "Image description"): "two lines [31m and tricks",
        ("Camera", "Exposure time"): "1/125 s",
        ("Camera", "F number"): "f/2.8",
        ("Camera", "Focal length"): "50 mm",
        ("Camera", "ISO speed ratings"): "400",
        ("Camera", "Exif version"): "0232",
        ("Camera", "Maker note"): "256 bytes",
        ("Location", "GPS latitude"): "48\u00b0 8\u2032 13.5\u2033",
    }
    assert {key: found.get(key) for key in wanted} == wanted


def test_damage_is_no_exif_and_never_an_error() -> None:
    whole = saved(photo().resize((16, 16)), "JPEG", exif=camera_block())
    assert len(read_facts(whole)) > 8
    for place in range(20, 420, 3):
        spoilt = bytearray(whole)
        spoilt[place] ^= 0xFF
        assert len(read_facts(bytes(spoilt))) <= 300
        assert len(read_facts(whole[:place])) <= 300
    assert read_facts(b"") == []


def test_over_http_also_of_an_earlier_content(store: Store) -> None:
    taken = saved(photo().resize((16, 16)), "JPEG", exif=exif(taken="2020:01:02 03:04:05"))
    store.put_image("a.jpg", taken)
    store.put_image("a.jpg", picture())
    assert store.get("/v1/images/a.jpg/exif").json() == {"items": [], "next_cursor": None}
    earlier = store.get("/v1/images/a.jpg/exif", params={"digest": sha256(taken)}).json()["items"]
    moment = {"group": "Camera", "name": "Date time original", "value": "2020:01:02 03:04:05"}
    assert moment in earlier
    assert problem(store.get("/v1/images/b.jpg/exif")) == (404, "image_not_found")
    assert problem(store.get("/v1/images/a.jpg/exif?digest=x")) == (422, "invalid_digest")
