"""The header of a PNG (W3C PNG, third edition)."""

import struct
import zlib

from shared.imaging.errors import BrokenImage
from shared.imaging.exif import NO_EXIF, Exif, read_exif
from shared.imaging.header import Header
from shared.imaging.source import Source, exactly

_PALETTE_OR_ALPHA = frozenset({3, 4, 6})
_FIRST_CHUNK = 33  # after the signature and IHDR
_MAX_CHUNKS = 200
_MAX_EXIF = 1 << 20
_TAIL = 1 << 16


def read_header(source: Source) -> Header:
    """Size, EXIF and kind of colour of a PNG. Raises BrokenImage."""
    head = exactly(source, 8, 25)
    length, kind, width, height, _, colour = struct.unpack_from(">I4sIIBB", head)
    if length != 13 or kind != b"IHDR" or not _sound(head[4:21], head[21:25]):
        raise BrokenImage("The PNG's header is damaged.")
    chunks = _chunks_before_pixels(source)
    graphic = colour in _PALETTE_OR_ALPHA or b"tRNS" in chunks
    exif = _exif_at(source, chunks[b"eXIf"]) if b"eXIf" in chunks else _exif_after_pixels(source)
    return Header(width, height, graphic, exif)


def _chunks_before_pixels(source: Source) -> dict[bytes, int]:
    """Type -> where it starts, of the chunks between IHDR and the first IDAT."""
    chunks: dict[bytes, int] = {}
    offset = _FIRST_CHUNK
    for _ in range(_MAX_CHUNKS):
        head = source.at(offset, 8)
        if len(head) < 8 or head[4:] in (b"IDAT", b"IEND"):
            break
        chunks.setdefault(head[4:], offset)
        offset += 12 + int.from_bytes(head[:4], "big")
    return chunks


def _exif_after_pixels(source: Source) -> Exif:
    """Some writers append EXIF; it is looked for at the end, so as not to walk through every IDAT."""
    start = max(_FIRST_CHUNK, source.size - _TAIL)
    found = source.at(start, _TAIL).rfind(b"eXIf")
    return _exif_at(source, start + found - 4) if found >= 4 else NO_EXIF


def _exif_at(source: Source, offset: int) -> Exif:
    length = int.from_bytes(source.at(offset, 4), "big")
    if length > _MAX_EXIF:
        return NO_EXIF
    chunk = source.at(offset + 4, 4 + length + 4)
    if len(chunk) < 8 + length or not _sound(chunk[:-4], chunk[-4:]):
        return NO_EXIF
    return read_exif(chunk[4:-4])


def _sound(content: bytes, checksum: bytes) -> bool:
    return zlib.crc32(content) == int.from_bytes(checksum, "big")
