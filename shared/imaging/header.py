"""What each format's header reader answers."""

from dataclasses import dataclass

from shared.imaging.exif import NO_EXIF, Exif


@dataclass(frozen=True, slots=True)
class Header:
    """Width and height as stored, before the orientation is applied."""

    width: int
    height: int
    graphic: bool = False
    exif: Exif = NO_EXIF
