"""EXIF, as far as it is of use here: which way up, and when it was taken (CIPA DC-008, TIFF 6.0)."""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.imaging.errors import BrokenImage
from shared.imaging.source import MemorySource, Source, exactly

_ORIENTATION = 0x0112
_EXIF_DIRECTORY = 0x8769
_TAKEN = 0x9003  # DateTimeOriginal
_TAKEN_OFFSET = 0x9011  # OffsetTimeOriginal
_VALUE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_INTEGERS = {1: "B", 3: "H", 4: "I", 13: "I"}
_MAX_ENTRIES = 4_096
_MAX_VALUE_BYTES = 64  # of the values read here; all others stay where they are


@dataclass(frozen=True, slots=True)
class Exif:
    """What an EXIF block says that matters here."""

    orientation: int = 1
    taken_at: datetime | None = None


NO_EXIF = Exif()


@dataclass(frozen=True, slots=True)
class Value:
    """A directory's entry: its TIFF type, how many values, and the bytes of the first ones."""

    kind: int
    count: int
    data: bytes
    order: str

    def integers(self) -> tuple[int, ...]:
        """The first values as numbers; none for a type that is not an unsigned integer."""
        code = _INTEGERS.get(self.kind)
        if code is None:
            return ()
        count = min(self.count, len(self.data) // _VALUE_SIZES[self.kind])
        return struct.unpack_from(f"{self.order}{count}{code}", self.data)

    def text(self) -> str:
        """The bytes as ASCII, up to the first NUL."""
        return self.data.split(b"\0", 1)[0].decode("ascii", "replace").strip()


@dataclass(frozen=True, slots=True)
class TiffReader:
    """A TIFF structure: a whole file, or the block inside EXIF."""

    source: Source
    order: str
    first: int

    @classmethod
    def open(cls, source: Source) -> "TiffReader":
        """Read the 8 bytes every TIFF starts with. Raises BrokenImage."""
        head = exactly(source, 0, 8)
        order = {b"II*\0": "<", b"MM\0*": ">"}.get(head[:4])
        if order is None:
            raise BrokenImage("This is not a TIFF structure.")
        return cls(source, order, struct.unpack_from(order + "I", head, 4)[0])

    def directory(self, offset: int) -> dict[int, Value]:
        """Tag -> Value of the directory at `offset`. Raises BrokenImage when it is cut off."""
        count = struct.unpack(self.order + "H", exactly(self.source, offset, 2))[0]
        if count > _MAX_ENTRIES:
            raise BrokenImage("A directory of the TIFF structure has too many entries.")
        table = exactly(self.source, offset + 2, 12 * count)
        return {tag: self._value(*rest) for tag, *rest in struct.iter_unpack(self.order + "HHI4s", table)}

    def _value(self, kind: int, count: int, inline: bytes) -> Value:
        length = _VALUE_SIZES.get(kind, 1) * count
        data = inline[:length]
        if length > 4:
            place = struct.unpack(self.order + "I", inline)[0]
            data = self.source.at(place, min(length, _MAX_VALUE_BYTES))
        return Value(kind, count, data, self.order)

    def exif(self, directory: dict[int, Value]) -> Exif:
        """Orientation and moment of the image that `directory` describes; damaged parts are left out."""
        taken = None
        pointer = integer(directory, _EXIF_DIRECTORY)
        if pointer:
            try:
                taken = _taken_at(self.directory(pointer))
            except BrokenImage:
                taken = None
        orientation = integer(directory, _ORIENTATION, 1)
        return Exif(orientation if 1 <= orientation <= 8 else 1, taken)


def integer(directory: dict[int, Value], tag: int, default: int = 0) -> int:
    """The first number of a tag, or `default`."""
    numbers = directory[tag].integers() if tag in directory else ()
    return numbers[0] if numbers else default


def read_exif(block: bytes) -> Exif:
    """An EXIF block, with or without the `Exif` marker before it; a damaged one counts as none."""
    try:
        reader = TiffReader.open(MemorySource(block.removeprefix(b"Exif\0\0")))
        return reader.exif(reader.directory(reader.first))
    except BrokenImage:
        return NO_EXIF


def _taken_at(directory: dict[int, Value]) -> datetime | None:
    if _TAKEN not in directory:
        return None
    try:
        taken = datetime.strptime(directory[_TAKEN].text(), "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    offset = directory[_TAKEN_OFFSET].text() if _TAKEN_OFFSET in directory else ""
    try:
        return taken.replace(tzinfo=datetime.strptime(offset, "%z").tzinfo)
    except ValueError:
        return taken
