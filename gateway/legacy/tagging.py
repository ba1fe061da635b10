"""The tagging protocol's codec: binary frames of FF, a command and 32-bit big-endian numbers.

A byte that is not FF where a frame must begin is dropped, and so is an FF with no command after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct
from typing import ClassVar, TypeAlias

from gateway.legacy.codec import MIB, FrameTooLarge

START = 0xFF
IMAGE, TAGS, CHANGE, SAVE, CLIPS, PARTIAL_CSV = range(1, 7)
OK, FAILED = 0, 1
MESSAGE_BYTES = 200  # of an error: the client drops it as stray bytes, so its size must hold no FF
KEPT_FLAGS = 65_536  # of a change; more than any dataset has tags, so the others are only counted
STRAY_INDEX = 4  # bytes of an index that the published table puts behind `clips`

_ONE = Struct(">I")
_THREE = Struct(">III")
_REPLY_IMAGE = Struct(">BBBII")
_REPLY_SIZED = Struct(">BBBI")


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """The bytes of the image file of a row, counted from 0."""

    index: int


@dataclass(frozen=True, slots=True)
class TagsRequest:
    """The names of the tags, in column order."""


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """Set all tags of the rows `first` to `last`, both included.

    `count` is how many flags the client sent, `flags` the first 65,536 of them.
    """

    first: int
    last: int
    count: int
    flags: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class SaveRequest:
    """Write the CSV."""


@dataclass(frozen=True, slots=True)
class ClipsRequest:
    """The clip table."""


@dataclass(frozen=True, slots=True)
class PartialCsvRequest:
    """The tag columns as CSV text."""


Request: TypeAlias = (
    ImageRequest | TagsRequest | ChangeRequest | SaveRequest | ClipsRequest | PartialCsvRequest
)
_BARE: dict[int, Request] = {
    TAGS: TagsRequest(),
    SAVE: SaveRequest(),
    CLIPS: ClipsRequest(),
    PARTIAL_CSV: PartialCsvRequest(),
}


@dataclass(frozen=True, slots=True)
class ClipEntry:
    """Rows from `begin` to before `end`, `cameras` of them side by side."""

    begin: int
    end: int
    cameras: int


class RequestDecoder:
    """The server's end: requests out of whatever bytes come."""

    HEAD: ClassVar[int] = 2 + _THREE.size

    def __init__(self, frame_bytes: int = 64 * MIB) -> None:
        self._frame_bytes = frame_bytes
        self._buffer = bytearray()
        self._at = 0
        self._flags: _Flags | None = None
        self._stray = 0  # bytes that may still be an index behind `clips`

    @property
    def inside(self) -> bool:
        """Whether a frame has begun. An FF that may be the end of a stray index has not begun one."""
        waiting = len(self._buffer) - self._at
        return self._flags is not None or waiting > (1 if self._stray else 0)

    def feed(self, data: bytes) -> None:
        """Take bytes as they came."""
        if self._at:
            del self._buffer[: self._at]
            self._at = 0
        self._buffer += data

    def finish(self) -> None:
        """The client has sent all it will: what is not whole by now never will be."""

    def next_message(self) -> Request | None:
        """The next request, or None until more has come. Raises FrameTooLarge."""
        if self._flags is not None:
            return self._rest_of_change(self._flags)
        while self._seek():
            command = self._buffer[self._at + 1]
            if command in _BARE:
                self._at += 2
                self._stray = STRAY_INDEX if command == CLIPS else 0
                return _BARE[command]
            if command == IMAGE:
                return self._image()
            if command == CHANGE:
                return self._change()
            self._skip(1)
        return None

    def _seek(self) -> bool:
        """Go to the next FF; True when the byte after it has come, too."""
        found = self._buffer.find(START, self._at)
        self._skip((len(self._buffer) if found < 0 else found) - self._at)
        return len(self._buffer) - self._at >= 2

    def _skip(self, count: int) -> None:
        self._at += count
        self._stray = max(0, self._stray - count)

    def _image(self) -> ImageRequest | None:
        if len(self._buffer) - self._at < 2 + _ONE.size:
            return None
        (index,) = _ONE.unpack_from(self._buffer, self._at + 2)
        self._at += 2 + _ONE.size
        self._stray = 0
        return ImageRequest(index)

    def _change(self) -> ChangeRequest | None:
        if len(self._buffer) - self._at < self.HEAD:
            return None
        first, last, count = _THREE.unpack_from(self._buffer, self._at + 2)
        if count > self._frame_bytes:
            raise FrameTooLarge(f"a change of {count} tags; at most {self._frame_bytes} are taken")
        self._at += self.HEAD
        self._stray = 0
        self._flags = _Flags(first, last, count)
        return self._rest_of_change(self._flags)

    def _rest_of_change(self, flags: "_Flags") -> ChangeRequest | None:
        here = min(flags.missing, len(self._buffer) - self._at)
        flags.take(self._buffer[self._at : self._at + here])
        self._at += here
        if flags.missing:
            return None
        self._flags = None
        return flags.request()


class _Flags:
    """A change whose flags are still coming."""

    __slots__ = ("_count", "_first", "_kept", "_last", "missing")

    def __init__(self, first: int, last: int, count: int) -> None:
        self._first, self._last, self._count = first, last, count
        self.missing = count
        self._kept = bytearray()

    def take(self, data: bytearray) -> None:
        """Keep what there is room for, count the rest."""
        self.missing -= len(data)
        self._kept += data[: KEPT_FLAGS - len(self._kept)]

    def request(self) -> ChangeRequest:
        """The whole change: a byte of 01 is true, anything else false."""
        flags = tuple(byte == 1 for byte in self._kept)
        return ChangeRequest(self._first, self._last, self._count, flags)


def encode_request(request: Request) -> bytes:
    """A request as a client sends it."""
    match request:
        case ImageRequest(index):
            return bytes((START, IMAGE)) + _ONE.pack(index)
        case ChangeRequest(first, last, count, flags):
            return bytes((START, CHANGE)) + _THREE.pack(first, last, count) + bytes(flags)
        case _:
            command = next(code for code, bare in _BARE.items() if bare == request)
            return bytes((START, command))


def encode_image(index: int, data: bytes | memoryview) -> bytes:
    """The reply with a row's image."""
    return b"".join((_REPLY_IMAGE.pack(START, IMAGE, OK, index, len(data)), data))


def encode_image_error(index: int, message: str) -> bytes:
    """The reply for a row whose image cannot be had."""
    text = short(message)
    return _REPLY_IMAGE.pack(START, IMAGE, FAILED, index, len(text)) + text


def encode_tags(names: Sequence[str]) -> bytes:
    """The reply with the names of the tags."""
    encoded = [name.encode() for name in names]
    parts = [_REPLY_SIZED.pack(START, TAGS, OK, len(encoded))]
    for name in encoded:
        parts += [_ONE.pack(len(name)), name]
    return b"".join(parts)


def encode_done(command: int) -> bytes:
    """The reply to a change or a save that is done."""
    return bytes((START, command, OK))


def encode_failed(command: int, message: str) -> bytes:
    """The error reply to tags, change and save, with a message."""
    text = short(message)
    return _REPLY_SIZED.pack(START, command, FAILED, len(text)) + text


def encode_clips(clips: Sequence[ClipEntry]) -> bytes:
    """The reply with the clip table."""
    head = _REPLY_SIZED.pack(START, CLIPS, OK, len(clips))
    return head + b"".join(_THREE.pack(clip.begin, clip.end, clip.cameras) for clip in clips)


def encode_csv(text: bytes) -> bytes:
    """The reply with the tag columns, in UTF-8."""
    return _REPLY_SIZED.pack(START, PARTIAL_CSV, OK, len(text)) + text


def encode_bare_error(command: int) -> bytes:
    """The error reply to clips and partial CSV, which has no message."""
    return bytes((START, command, FAILED))


def short(message: str) -> bytes:
    """The message in at most 200 bytes of UTF-8, cut between two characters."""
    return message.encode("utf-8", "replace")[:MESSAGE_BYTES].decode("utf-8", "ignore").encode()
