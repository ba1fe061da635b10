"""The header of a BMP (Windows and OS/2 forms)."""

import struct

from shared.imaging.errors import BrokenImage
from shared.imaging.header import Header
from shared.imaging.source import Source, exactly

_OS2_HEADER = 12
_WINDOWS_HEADER = 40


def read_header(source: Source) -> Header:
    """Size of a BMP; a negative height means rows from the top. Raises BrokenImage."""
    head = exactly(source, 14, 12)
    size = struct.unpack_from("<I", head)[0]
    if size == _OS2_HEADER:
        width, height, _, bits = struct.unpack_from("<HHHH", head, 4)
    elif size >= _WINDOWS_HEADER:
        width, height, _, bits = struct.unpack_from("<iiHH", exactly(source, 14, 16), 4)
    else:
        raise BrokenImage("The BMP's header is damaged.")
    return Header(width, abs(height), graphic=bits <= 8)
