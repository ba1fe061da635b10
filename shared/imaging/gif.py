"""The header of a GIF (GIF89a), up to its first frame."""

import struct

from shared.imaging.errors import BrokenImage
from shared.imaging.header import Header
from shared.imaging.source import Source, exactly

_EXTENSION = b"!"
_FRAME = 0x2C
_MAX_PREAMBLE = 1 << 17  # bytes of extensions before the first frame; readers keep comments in memory


def read_header(source: Source) -> Header:
    """Size of the canvas with the first frame on it. Raises BrokenImage without a frame near the start."""
    width, height, flags = struct.unpack_from("<HHB", exactly(source, 6, 7))
    offset = 13 + _table_size(flags)
    preamble = source.at(offset, _MAX_PREAMBLE)
    place = 0
    while preamble[place : place + 1] == _EXTENSION:
        place = _after_blocks(preamble, place + 2)
    frame = preamble[place : place + 10]
    if len(frame) < 10 or frame[0] != _FRAME:
        raise BrokenImage("The GIF has no frame, or too much before its first one.")
    left, top, frame_width, frame_height = struct.unpack_from("<HHHH", frame, 1)
    return Header(max(width, left + frame_width), max(height, top + frame_height), graphic=True)


def _table_size(flags: int) -> int:
    """Bytes of a colour table."""
    return 3 * (2 << (flags & 7)) if flags & 0x80 else 0


def _after_blocks(data: bytes, place: int) -> int:
    """The place behind a row of sub-blocks, each with its length before it, ended by an empty one."""
    while place < len(data) and data[place]:
        place += 1 + data[place]
    return place + 1
