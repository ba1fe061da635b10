"""The header of a WebP (RFC 9649)."""

import struct

from shared.imaging.errors import BrokenImage
from shared.imaging.exif import NO_EXIF, Exif, read_exif
from shared.imaging.header import Header
from shared.imaging.source import Source, exactly

_ALPHA = 0x10
_HAS_EXIF = 0x08
_MAX_CHUNKS = 1_000
_MAX_EXIF = 1 << 20


def read_header(source: Source) -> Header:
    """Size, EXIF and transparency of a WebP, of all three kinds. Raises BrokenImage."""
    head = exactly(source, 12, 18)
    kind = head[:4]
    if kind == b"VP8X":
        flags = head[8]
        width = 1 + int.from_bytes(head[12:15], "little")
        height = 1 + int.from_bytes(head[15:18], "little")
        return Header(width, height, bool(flags & _ALPHA), _exif(source) if flags & _HAS_EXIF else NO_EXIF)
    if kind == b"VP8L" and head[8] == 0x2F:
        bits = int.from_bytes(head[9:13], "little")
        return Header(1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF), bool(bits >> 28 & 1))
    if kind == b"VP8 " and head[11:14] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", head, 14)
        return Header(width & 0x3FFF, height & 0x3FFF)
    raise BrokenImage("The WebP's header is damaged.")


def _exif(source: Source) -> Exif:
    offset = 30
    for _ in range(_MAX_CHUNKS):
        head = source.at(offset, 8)
        if len(head) < 8:
            break
        length = int.from_bytes(head[4:], "little")
        if head[:4] == b"EXIF":
            return read_exif(source.at(offset + 8, min(length, _MAX_EXIF)))
        offset += 8 + length + (length & 1)
    return NO_EXIF
