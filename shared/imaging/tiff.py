"""The header of a TIFF: its first directory (TIFF 6.0)."""

from shared.imaging.errors import BrokenImage
from shared.imaging.exif import TiffReader, integer
from shared.imaging.header import Header
from shared.imaging.source import Source

_WIDTH = 256
_HEIGHT = 257
_PHOTOMETRIC = 262
_EXTRA_SAMPLES = 338
_PALETTE = 3
_ALPHA = (1, 2)  # ExtraSamples: associated and unassociated
_BYTES = frozenset({1, 2, 6, 7})
_MAX_VALUES = 1 << 18  # of one tag; decoders turn each into an object before anything else


def read_header(source: Source) -> Header:
    """Size, orientation, moment and kind of colour of a TIFF's first page. Raises BrokenImage."""
    reader = TiffReader.open(source)
    directory = reader.directory(reader.first)
    for value in directory.values():
        if value.kind not in _BYTES and value.count > _MAX_VALUES:
            raise BrokenImage("The TIFF has a tag with too many values.")
    palette = integer(directory, _PHOTOMETRIC) == _PALETTE
    alpha = integer(directory, _EXTRA_SAMPLES) in _ALPHA
    width, height = integer(directory, _WIDTH), integer(directory, _HEIGHT)
    return Header(width, height, palette or alpha, reader.exif(directory))
