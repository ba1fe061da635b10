"""What a camera wrote into an image, as text for people: EXIF (CIPA DC-008), read by Pillow."""

import struct
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from typing import Any

from PIL import ExifTags, Image

MAX_FACTS = 300
MAX_TEXT = 500  # characters of one value
# What Pillow raises for damaged bytes; UserWarning where warnings are errors.
_DAMAGE = (
    OSError, SyntaxError, ValueError, LookupError, TypeError, ArithmeticError, RuntimeError, struct.error,
    UserWarning,
)  # fmt: skip
# Places inside the file: of no use to people.
_POINTERS = {0x8769, 0x8825, 0xA005, 0x0201, 0x0202, 0x0111, 0x0117, 0x014A, 0x02BC, 0x8773}
_DIRECTORIES = (
    ("Camera", ExifTags.IFD.Exif, ExifTags.TAGS),
    ("Location", ExifTags.IFD.GPSInfo, ExifTags.GPSTAGS),
)
_WORDS: dict[str, dict[int, str]] = {
    "Orientation": {1: "upright", 3: "upside down", 6: "turned right", 8: "turned left"},
    "ResolutionUnit": {2: "inch", 3: "centimetre"},
    "ExposureProgram": {1: "manual", 2: "automatic", 3: "aperture priority", 4: "shutter priority"},
    "MeteringMode": {1: "average", 2: "centre-weighted", 3: "spot", 5: "pattern"},
    "WhiteBalance": {0: "automatic", 1: "manual"},
    "ColorSpace": {1: "sRGB", 0xFFFF: "uncalibrated"},
}
_UNITS = {"FNumber": "f/{}", "FocalLength": "{} mm", "FocalLengthIn35mmFilm": "{} mm", "ExposureTime": "{} s"}


@dataclass(frozen=True, slots=True)
class ExifFact:
    """One entry: the directory it stands in (Image, Camera, Location), the tag's name, its value as text."""

    group: str
    name: str
    value: str


def read_facts(data: bytes) -> list[ExifFact]:
    """All entries of an image's EXIF, at most 300; none where there is no EXIF, or a damaged one."""
    try:
        with Image.open(BytesIO(data)) as image:
            found = list(_facts(image.getexif()))
    except _DAMAGE:
        return []
    return found[:MAX_FACTS]


def _facts(exif: Image.Exif) -> Iterator[ExifFact]:
    yield from _of_directory("Image", dict(exif), ExifTags.TAGS)
    for group, directory, names in _DIRECTORIES:
        yield from _of_directory(group, exif.get_ifd(directory), names)


def _of_directory(group: str, entries: dict[int, Any], names: dict[int, str]) -> Iterator[ExifFact]:
    for tag, value in sorted(entries.items()):
        name = names.get(tag, f"Tag 0x{tag:04x}")
        if tag not in _POINTERS and (text := _text(name, value)):
            yield ExifFact(group, _spaced(name), text)


def _text(name: str, value: Any) -> str:
    """The value as one line."""
    if isinstance(value, int) and value in _WORDS.get(name, {}):
        return _WORDS[name][value]
    if name in {"GPSLatitude", "GPSLongitude"} and isinstance(value, tuple) and len(value) == 3:
        degrees, minutes, seconds = (_number(part) for part in value)
        return f"{degrees}\u00b0 {minutes}\u2032 {seconds}\u2033"
    if isinstance(value, tuple):
        text = ", ".join(_plain(part) for part in value[:20])
    else:
        text = _exposure(value) if name == "ExposureTime" else _plain(value)
    return _UNITS.get(name, "{}").format(text) if text else ""


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return _of_bytes(value)
    if isinstance(value, str):
        return _printable(value)
    return _number(value)


def _of_bytes(value: bytes) -> str:
    """Text where it is some (versions, comments behind their character code), else how much there is."""
    text = value.removeprefix(b"ASCII\0\0\0").rstrip(b"\0 ")
    if not text:
        return ""
    if len(text) <= MAX_TEXT and all(0x20 <= byte < 0x7F for byte in text):
        return text.decode("ascii")
    if len(value) <= 4:
        return ".".join(str(byte) for byte in value)
    return f"{len(value)} bytes"


def _printable(text: str) -> str:
    kept = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in text[: MAX_TEXT * 2])
    return " ".join(kept.split())[:MAX_TEXT]


def _number(value: Any) -> str:
    """Up to six figures; a fraction with nothing below it (as cameras write for "unknown") is no number."""
    number = float(value)
    return f"{number:.6g}" if number == number else ""


def _exposure(value: Any) -> str:
    """Photographers say 1/125, not 0.008."""
    seconds = float(value)
    if not 0 < seconds < 0.3:
        return _number(value)
    return str(Fraction(1, max(1, round(1 / seconds))))


def _spaced(name: str) -> str:
    """`DateTimeOriginal` as words: `Date time original`; what is all capitals stays (`ISO`, `GPS`)."""
    words: list[str] = []
    for place, char in enumerate(name):
        after = name[place + 1 : place + 2]
        begins = char.isupper() and (not name[place - 1 : place].isupper() or after.islower())
        if not words or (begins and place):
            words.append(char)
        else:
            words[-1] += char
    lowered = [word if word.isupper() and len(word) > 1 else word.lower() for word in words]
    text = " ".join(lowered)
    return text[:1].upper() + text[1:]
