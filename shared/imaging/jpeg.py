"""The header of a JPEG: its segments up to the first scan (ITU-T T.81, annex B)."""

import struct
from dataclasses import dataclass, field

from shared.imaging.errors import BrokenImage
from shared.imaging.exif import read_exif
from shared.imaging.header import Header
from shared.imaging.source import Source, exactly

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD8)})
_START_OF_SCAN = 0xDA
_END_OF_IMAGE = 0xD9
_APP1 = 0xE1
_APP2 = 0xE2
_MAX_SEGMENTS = 2_000
_MAX_GARBAGE = 4_096  # bytes between segments, which decoders skip as well


@dataclass(slots=True)
class JpegHeader:
    """The segments of a JPEG that matter here, up to its first scan."""

    width: int = 0
    height: int = 0
    components: int = 0
    bits: int = 0
    progressive: bool = False
    has_scan: bool = False
    exif: bytes = b""
    _profile_parts: dict[int, tuple[int, int]] = field(default_factory=dict)

    def take(self, source: Source, marker: int, offset: int, length: int) -> None:
        """Read the segment whose content is `length` bytes at `offset`."""
        if marker in _FRAMES:
            self.bits, self.height, self.width, self.components = struct.unpack(
                ">BHHB", exactly(source, offset, 6)
            )
            self.progressive = marker in _PROGRESSIVE
        elif marker == _APP1 and not self.exif and source.at(offset, 6) == b"Exif\0\0":
            self.exif = source.at(offset + 6, length - 6)
        elif marker == _APP2 and source.at(offset, 12) == b"ICC_PROFILE\0":
            number = source.at(offset + 12, 1)
            self._profile_parts.setdefault(number[0] if number else 0, (offset + 14, length - 14))

    def profile(self, source: Source) -> bytes:
        """The ICC profile, put together from its segments in their order; empty when there is none."""
        return b"".join(source.at(*part) for _, part in sorted(self._profile_parts.items()))


def read_jpeg(source: Source) -> JpegHeader:
    """All segments before the first scan. Raises BrokenImage."""
    header = JpegHeader()
    offset = 2
    for _ in range(_MAX_SEGMENTS):
        offset = _next_marker(source, offset)
        marker = exactly(source, offset, 1)[0]
        if marker in _WITHOUT_LENGTH:
            offset += 1
            continue
        if marker == _END_OF_IMAGE:
            break
        length = struct.unpack(">H", exactly(source, offset + 1, 2))[0]
        if marker == _START_OF_SCAN:
            header.has_scan = True
            break
        header.take(source, marker, offset + 3, length - 2)
        offset += 1 + max(length, 2)
    if not header.components or not header.has_scan:
        raise BrokenImage("The JPEG has no image in it.")
    return header


def read_header(source: Source) -> Header:
    """Size and EXIF of a JPEG. Raises BrokenImage."""
    jpeg = read_jpeg(source)
    return Header(jpeg.width, jpeg.height, exif=read_exif(jpeg.exif))


def _next_marker(source: Source, offset: int) -> int:
    """Where the next marker's code stands, past the 0xFF before it and any fill bytes."""
    window = source.at(offset, 2)
    if len(window) == 2 and window[0] == 0xFF and window[1] not in (0x00, 0xFF):
        return offset + 1
    window = source.at(offset, _MAX_GARBAGE)
    for place in range(1, len(window)):
        if window[place - 1] == 0xFF and window[place] not in (0x00, 0xFF):
            return offset + place
    raise BrokenImage("The JPEG ends, or is damaged, before its image starts.")
