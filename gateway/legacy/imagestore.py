"""The image store protocol's codec: one command a connection, a text header that nothing ends."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from gateway.legacy.codec import MIB, FrameTooLarge, ProtocolError

HEADER_BYTES = 1024
LISTING_BYTES = 4069  # what the client reads, once
COMMANDS = (b"save,", b"list,", b"return,")
SIZE = re.compile(rb" *([0-9]+)(?=[^0-9])", re.DOTALL)
SIZE_AT_END = re.compile(rb" *([0-9]+)", re.DOTALL)
NOTHING = re.compile(rb" *N/A")
NOTHING_BEGUN = re.compile(rb" *(?:N(?:/A?)?)?")


class InvalidName(ProtocolError):
    """Raised for a name that holds a path, a NUL, or nothing at all."""


@dataclass(frozen=True, slots=True)
class SaveRequest:
    """The header of a save: `size` bytes are to come."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class SaveData:
    """Some of the file's bytes."""

    data: bytes


@dataclass(frozen=True, slots=True)
class SaveEnd:
    """The file is whole."""


@dataclass(frozen=True, slots=True)
class ListRequest:
    """The names, please."""


@dataclass(frozen=True, slots=True)
class ReturnRequest:
    """The bytes of a name, please."""

    name: str


Message: TypeAlias = SaveRequest | SaveData | SaveEnd | ListRequest | ReturnRequest


class RequestDecoder:
    """The server's end. After the one command nothing more is taken."""

    def __init__(self, frame_bytes: int = 64 * MIB, header_bytes: int = HEADER_BYTES) -> None:
        self._frame_bytes = frame_bytes
        self._header_bytes = header_bytes
        self._buffer = bytearray()
        self._ended = False  # the client has sent all it will
        self._missing: int | None = None  # bytes of the file; None before its header
        self._done = False

    @property
    def inside(self) -> bool:
        """Whether the command has begun and is not whole yet."""
        return not self._done and (bool(self._buffer) or self._missing is not None)

    def feed(self, data: bytes) -> None:
        """Take bytes as they came."""
        if not self._done:
            self._buffer += data

    def finish(self) -> None:
        """The client has sent all it will: that ends the digits of a size, too."""
        self._ended = True

    def next_message(self) -> Message | None:
        """The next part of the command, or None until more has come. Raises ProtocolError."""
        if self._done:
            return None
        if self._missing is None:
            return self._header()
        if self._missing == 0:
            self._end()
            return SaveEnd()
        data = bytes(self._buffer[: self._missing])
        del self._buffer[: len(data)]
        self._missing -= len(data)
        return SaveData(data) if data else None

    def _end(self) -> None:
        self._done = True
        self._buffer.clear()

    def _header(self) -> Message | None:
        head = bytes(self._buffer[: self._header_bytes + 1])
        command = next((one for one in COMMANDS if head.startswith(one)), None)
        if command is None:
            if not any(one.startswith(head) for one in COMMANDS):
                raise ProtocolError("the header begins with no command: save, list or return")
            return None
        comma = head.find(b",", len(command))
        found = None
        if comma >= 0:
            found = self._whole(command, head[len(command) : comma], head, comma + 1)
        if found is None and len(self._buffer) > self._header_bytes:
            raise FrameTooLarge(f"a header has at most {self._header_bytes} bytes")
        return found

    def _whole(self, command: bytes, name: bytes, head: bytes, at: int) -> Message | None:
        """The header whose second comma is before `at`, if the rest of it has come."""
        if command == b"save,":
            return self._save(name, head, at)
        if not NOTHING.match(head, at):
            if not NOTHING_BEGUN.fullmatch(head, at):
                raise ProtocolError("a list and a return end with N/A")
            return None
        self._end()
        return ListRequest() if command == b"list," else ReturnRequest(checked_name(name))

    def _save(self, name: bytes, head: bytes, at: int) -> SaveRequest | None:
        found = (SIZE_AT_END if self._ended else SIZE).match(head, at)
        if found is None:
            if head[at:].strip(b" 0123456789"):
                raise ProtocolError("a save ends with the size in digits")
            return None
        size = int(found[1])
        if size > self._frame_bytes:
            raise FrameTooLarge(f"a file of {size} bytes; at most {self._frame_bytes} are taken")
        request = SaveRequest(checked_name(name), size)
        del self._buffer[: found.end()]
        self._missing = size
        return request


def checked_name(given: bytes) -> str:
    """The name as it is kept: spaces as `_`. Raises InvalidName."""
    try:
        name = given.decode().replace(" ", "_")
    except UnicodeDecodeError:
        raise InvalidName("a name is UTF-8") from None
    if not name or name.startswith("."):
        raise InvalidName("a name has at least one character, and does not begin with a dot")
    if (
        "/" in name
        or "\\" in name
        or ".." in name
        or any(ord(char) < 32 or ord(char) == 127 for char in name)
    ):
        raise InvalidName("a name has no path and no control characters in it")
    return name


def encode_request(request: SaveRequest | ListRequest | ReturnRequest) -> bytes:
    """A header as a client sends it."""
    match request:
        case SaveRequest(name, size):
            return f"save,{name},{size}".encode()
        case ReturnRequest(name):
            return f"return,{name},N/A".encode()
        case ListRequest():
            return b"list, N/A, N/A"


def encode_listing(names: Iterable[str], limit: int = LISTING_BYTES) -> bytes:
    """The names as Python prints a list of strings: as many whole ones, from the first, as fit."""
    parts: list[bytes] = []
    left = limit - 2
    for name in names:
        part = repr(name).encode("utf-8", "backslashreplace")
        left -= len(part) + (2 if parts else 0)
        if left < 0:
            break
        parts.append(part)
    return b"[" + b", ".join(parts) + b"]"


def encode_return_header(name: str, size: int) -> bytes:
    """What goes before the bytes, in a read of its own."""
    return f"{name},{size}".encode()
