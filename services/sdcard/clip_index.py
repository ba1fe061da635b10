"""Where the index of an MP4 file lies, and whether it is safe to be read by FFmpeg. Pure.

ISO/IEC 14496-12: a file is a row of boxes, each with its size and four letters; `moov` is the index,
which cameras write in front of the pictures (`mdat`) or, more often, behind them.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Read = Callable[[int, int], bytes]
HEADER = 16
TOP_BOXES = 4096
INNER_BOXES = 20_000
TRACKS = 16
PLAIN = (b"ftyp", b"moov", b"mdat", b"moof", b"free", b"skip", b"wide")
CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"mvex")
# Bytes of an entry in each table of a track, for tables that begin with version, flags and a count.
TABLES = {b"stts": 8, b"ctts": 8, b"stsc": 12, b"stco": 4, b"co64": 8, b"stss": 4, b"elst": 12}
PAYLOAD = 8
LETTERS = frozenset(range(0x20, 0x7F)) | {0xA9}


class BadIndex(ValueError):
    """The index is damaged, or more than is worked with; the text says which."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box: where it begins, how long it is, how long its header is; `size` can lead beyond the file."""

    kind: bytes
    offset: int
    size: int
    header: int

    @property
    def end(self) -> int:
        """Where the next one begins."""
        return self.offset + self.size


@dataclass(frozen=True, slots=True)
class IndexLimits:
    """How large an index may be, and what it may speak of."""

    index_bytes: int
    samples: int
    side: int
    pixels: int


def top_boxes(read: Read, size: int) -> list[Box]:
    """The boxes of a file; the last one may be cut off. Raises BadIndex for what is no MP4 file."""
    boxes: list[Box] = []
    offset = 0
    while offset + PAYLOAD <= size and len(boxes) < TOP_BOXES:
        box = _box(read(offset, min(HEADER, size - offset)), offset, size)
        if box is None:
            break
        boxes.append(box)
        offset = box.end
    if not boxes or boxes[0].kind not in {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"styp"}:
        raise BadIndex("it is no MP4 file")
    return boxes


def _box(head: bytes, offset: int, end: int) -> Box | None:
    if len(head) < PAYLOAD:
        return None
    size, kind = struct.unpack_from(">I4s", head)
    header = PAYLOAD
    if size == 1 and len(head) >= HEADER:
        size, header = struct.unpack_from(">Q", head, PAYLOAD)[0], HEADER
    elif size == 0:
        size = end - offset
    if size < header or not LETTERS.issuperset(kind):
        return None
    return Box(kind, offset, size, header)


def check_index(moov: bytes, limits: IndexLimits) -> None:
    """Raises BadIndex where FFmpeg could be led to take far more memory than the index has bytes."""
    tracks = 0
    for count, box in enumerate(_inner_boxes(moov, 0, len(moov), 0)):
        tracks += box.kind == b"trak"
        if count > INNER_BOXES or tracks > TRACKS:
            raise BadIndex("its index has too many parts")
        if box.kind == b"cmov":
            raise BadIndex("its index is compressed")
        body = moov[box.offset + box.header : box.end]
        if box.kind in TABLES:
            _check_table(box.kind, body, limits)
        elif box.kind in {b"stsz", b"stz2"}:
            _check_sizes(body, limits)
        elif box.kind == b"stsd":
            _check_sides(body, limits)


def _inner_boxes(moov: bytes, start: int, end: int, depth: int) -> Iterator[Box]:
    while start + PAYLOAD <= end:
        box = _box(moov[start : start + HEADER], start, end)
        if box is None or box.end > end:
            raise BadIndex("its index is damaged")
        yield box
        if box.kind in CONTAINERS and depth < len(CONTAINERS):
            yield from _inner_boxes(moov, start + box.header, box.end, depth + 1)
        start = box.end


def _check_table(kind: bytes, body: bytes, limits: IndexLimits) -> None:
    if len(body) < PAYLOAD:
        raise BadIndex("its index is damaged")
    (count,) = struct.unpack_from(">I", body, 4)
    if count > limits.samples or count * TABLES[kind] > len(body) - PAYLOAD:
        raise BadIndex("its index names more than it holds")
    if kind in {b"stts", b"ctts"}:  # runs: their lengths are added up
        runs = memoryview(body)[PAYLOAD : PAYLOAD + count * 8]
        if sum(run for run, _ in struct.iter_unpack(">II", runs)) > limits.samples:
            raise BadIndex("its index names more pictures than a clip can have")


def _check_sizes(body: bytes, limits: IndexLimits) -> None:
    if len(body) < 12:
        raise BadIndex("its index is damaged")
    if struct.unpack_from(">I", body, 8)[0] > limits.samples:
        raise BadIndex("its index names more pictures than a clip can have")


def _check_sides(body: bytes, limits: IndexLimits) -> None:
    """Of every sample entry that is long enough to be one of pictures; sound has zeros there."""
    at = PAYLOAD
    while at + 36 <= len(body):
        (size,) = struct.unpack_from(">I", body, at)
        width, height = struct.unpack_from(">HH", body, at + 32)
        visual = body[at + 4 : at + 8] not in {b"mp4a", b"sowt", b"twos", b"alaw", b"ulaw", b"lpcm", b"Opus"}
        if visual and size >= 86 and (max(width, height) > limits.side or width * height > limits.pixels):
            raise BadIndex(f"its pictures of {width} x {height} are too large")
        if size < 8:
            break
        at += size
