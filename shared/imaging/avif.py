"""The header of an AVIF: the properties of its primary item (AV1 Image File Format 1.2, ISO/IEC 23008-12)."""

from shared.imaging.boxes import Box, Fields, boxes
from shared.imaging.errors import BrokenImage
from shared.imaging.exif import NO_EXIF, Exif, read_exif
from shared.imaging.header import Header
from shared.imaging.source import MemorySource, Source

_MAX_META = 1 << 20
_MAX_EXIF = 1 << 20
_MAX_ITEMS = 10_000
_ALPHA = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"
# (quarter turns to the left, then mirrored: 0 top with bottom, 1 left with right) -> EXIF's orientation
_ORIENTATIONS = {
    (0, None): 1, (0, 0): 4, (0, 1): 2,
    (1, None): 8, (1, 0): 5, (1, 1): 7,
    (2, None): 3, (2, 0): 2, (2, 1): 4,
    (3, None): 6, (3, 0): 7, (3, 1): 5,
}  # fmt: skip


def is_avif(head: bytes) -> bool:
    """Whether a file's first bytes (64 are enough in practice) name an AVIF brand."""
    if head[4:8] != b"ftyp" or head[8:12] not in (b"avif", b"avis", b"mif1", b"msf1"):
        return False
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, end, 4))]
    return b"avif" in brands or b"avis" in brands


def read_header(source: Source) -> Header:
    """Size, orientation, moment and transparency of the primary item. Raises BrokenImage."""
    meta = _Meta(source)
    properties = meta.properties()
    size = properties.get(b"ispe", b"")
    if len(size) < 12:
        raise BrokenImage("The AVIF does not tell its size.")
    width, height = int.from_bytes(size[4:8], "big"), int.from_bytes(size[8:12], "big")
    turns = (properties.get(b"irot") or b"\0")[0] & 3
    mirror = properties[b"imir"][0] & 1 if properties.get(b"imir") else None
    # ISO/IEC 23008-12 lets irot and imir alone decide; an EXIF orientation beside them is only a note
    exif = Exif(_ORIENTATIONS[turns, mirror], meta.exif().taken_at)
    return Header(width, height, meta.has_alpha(), exif)


class _Meta:
    """The `meta` box, read into memory once: it is small, and its parts point at each other."""

    def __init__(self, source: Source) -> None:
        self._file = source
        box = next((box for box in boxes(source, 0, source.size) if box.kind == b"meta"), None)
        if box is None or box.end - box.start > _MAX_META:
            raise BrokenImage("The AVIF has no description of its image, or one out of all measure.")
        self._source = MemorySource(source.at(box.start, box.end - box.start))
        self._parts = _by_kind(self._source, 4, self._source.size)

    def properties(self) -> dict[bytes, bytes]:
        """Kind -> content of the properties of the primary item."""
        container = self._part(b"iprp")
        inside = _by_kind(self._source, container.start, container.end)
        if not {b"ipco", b"ipma"} <= inside.keys():
            raise BrokenImage("The AVIF's properties are damaged.")
        shelf = inside[b"ipco"]
        known = list(boxes(self._source, shelf.start, shelf.end))
        indices = self._associations(inside[b"ipma"]).get(self._primary(), [])
        chosen = [known[index - 1] for index in indices if 0 < index <= len(known)]
        return {box.kind: self._content(box) for box in chosen}

    def has_alpha(self) -> bool:
        """Whether some item is the alpha plane of another."""
        return _ALPHA in self._content(self._part(b"iprp"))

    def exif(self) -> Exif:
        """The EXIF item; damaged or elsewhere counts as none."""
        try:
            place = self._places().get(self._exif_item(), (0, 0))
        except BrokenImage:
            return NO_EXIF
        data = self._file.at(place[0], min(place[1], _MAX_EXIF))
        skip = 4 + int.from_bytes(data[:4], "big")  # the item starts with an offset to the TIFF header
        return read_exif(data[skip:])

    def _part(self, kind: bytes) -> Box:
        if kind not in self._parts:
            raise BrokenImage(f"The AVIF has no {kind.decode('ascii')} box.")
        return self._parts[kind]

    def _content(self, box: Box) -> bytes:
        return self._source.at(box.start, box.end - box.start)

    def _fields(self, box: Box) -> tuple[int, int, Fields]:
        """Version, flags and the fields behind them."""
        fields = Fields(self._content(box))
        return fields.number(1), fields.number(3), fields

    def _primary(self) -> int:
        version, _, fields = self._fields(self._part(b"pitm"))
        return fields.number(4 if version else 2)

    def _associations(self, box: Box) -> dict[int, list[int]]:
        """Item -> numbers of its properties, counted from 1."""
        version, flags, fields = self._fields(box)
        wide = flags & 1
        answer = {}
        for _ in range(min(fields.number(4), _MAX_ITEMS)):
            item = fields.number(4 if version else 2)
            mask = 0x7FFF if wide else 0x7F  # the highest bit says that the property is essential
            answer[item] = [fields.number(1 + wide) & mask for _ in range(fields.number(1))]
        return answer

    def _exif_item(self) -> int:
        table = self._part(b"iinf")
        version, _, fields = self._fields(table)
        fields.number(4 if version else 2)
        for box in boxes(self._source, table.start + (8 if version else 6), table.end):
            version, _, fields = self._fields(box)
            item = fields.number(4 if version == 3 else 2)
            fields.number(2)
            if fields.bytes(4) == b"Exif":
                return item
        raise BrokenImage("The AVIF has no EXIF.")

    def _places(self) -> dict[int, tuple[int, int]]:
        """Item -> offset and length in the file, of items in one piece (method 0)."""
        version, _, fields = self._fields(self._part(b"iloc"))
        sizes = fields.number(2)
        offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
        index_size = sizes & 15 if version else 0
        answer = {}
        for _ in range(min(fields.number(4 if version == 2 else 2), _MAX_ITEMS)):
            item = fields.number(4 if version == 2 else 2)
            method = fields.number(2) & 15 if version else 0
            fields.number(2)
            base = fields.number(base_size)
            extents = []
            for _ in range(fields.number(2)):
                fields.number(index_size)
                extents.append((base + fields.number(offset_size), fields.number(length_size)))
            if len(extents) == 1 and method == 0:
                answer[item] = extents[0]
        return answer


def _by_kind(source: Source, start: int, end: int) -> dict[bytes, Box]:
    return {box.kind: box for box in boxes(source, start, end)}
