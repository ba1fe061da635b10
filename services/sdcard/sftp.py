"""The part of SFTP, version 3, that reading a card needs. Pure: bytes in, replies out.

Format: draft-ietf-secsh-filexfer-02; `statvfs@openssh.com`: section 4.4 of OpenSSH's PROTOCOL.
"""

import stat
import struct
from dataclasses import dataclass
from typing import Literal

from services.sdcard.card import decoded

VERSION = 3
INIT, VERSION_REPLY, OPEN, CLOSE, READ, LSTAT, FSTAT, OPENDIR, READDIR = 1, 2, 3, 4, 5, 7, 8, 11, 12
STATUS, HANDLE, DATA, NAME, ATTRS, EXTENDED, EXTENDED_REPLY = 101, 102, 103, 104, 105, 200, 201
OK, END, NO_SUCH_FILE, PERMISSION_DENIED = 0, 1, 2, 3
FOR_READING = 1
# OpenSSH sends 256 KiB at most; a length beyond this is not SFTP.
LONGEST = 1024 * 1024
SIZE, OWNERS, PERMISSIONS, TIMES, MORE = 0x1, 0x2, 0x4, 0x8, 0x80000000
STATVFS = b"statvfs@openssh.com"
Kind = Literal["file", "folder", "link", "other"]
KINDS: dict[int, Kind] = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}
LONG_NAMES: dict[bytes, Kind] = {b"-": "file", b"d": "folder", b"l": "link"}


class SftpError(ValueError):
    """What came is not SFTP."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A name in a folder: `size` in bytes, `modified` in seconds since 1970 by the camera's clock."""

    name: str
    kind: Kind
    size: int
    modified: int


@dataclass(frozen=True, slots=True)
class DiskUsage:
    """A file system, in bytes; `available` is what may still be written."""

    size: int
    used: int
    available: int


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply, by the id of its request; `body` is what follows the id."""

    request: int
    kind: int
    body: bytes


def text(value: bytes) -> bytes:
    """A string with its length before it."""
    return struct.pack(">I", len(value)) + value


def hello() -> bytes:
    """What the client says first."""
    return struct.pack(">IBI", 5, INIT, VERSION)


def request(number: int, kind: int, body: bytes) -> bytes:
    """A request as it goes out."""
    return struct.pack(">IBI", 5 + len(body), kind, number) + body


def read_body(handle: bytes, offset: int, length: int) -> bytes:
    """What READ takes: a piece of an open file."""
    return text(handle) + struct.pack(">QI", offset, length)


class Replies:
    """Cuts what comes into replies; the first is the server's hello, kept as `extensions`."""

    def __init__(self) -> None:
        self.extensions: dict[bytes, bytes] | None = None
        self._pending = bytearray()

    def feed(self, data: bytes) -> list[Reply]:
        """The replies that are whole now. Raises SftpError."""
        pending = self._pending
        pending += data
        found: list[Reply] = []
        start = 0
        while len(pending) - start >= 4:
            (length,) = struct.unpack_from(">I", pending, start)
            if not 5 <= length <= LONGEST:
                raise SftpError(f"a reply of {length} bytes")
            if len(pending) - start < 4 + length:
                break
            kind, number = struct.unpack_from(">BI", pending, start + 4)
            with memoryview(pending) as view:
                body = bytes(view[start + 9 : start + 4 + length])
            start += 4 + length
            if self.extensions is None:
                self._hello(kind, number, body)
            else:
                found.append(Reply(number, kind, body))
        del pending[:start]
        return found

    def _hello(self, kind: int, version: int, body: bytes) -> None:
        if kind != VERSION_REPLY or version < VERSION:
            raise SftpError(f"a hello of kind {kind}, version {version}")
        reader = Reader(body)
        self.extensions = {}
        while reader.left:
            name = reader.text()
            self.extensions[name] = reader.text()


class Reader:
    """Takes a body apart. Raises SftpError where it is shorter than it says."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    @property
    def left(self) -> int:
        """How many bytes have not been read."""
        return len(self._body) - self._at

    def take(self, length: int) -> bytes:
        """So many bytes."""
        if length > self.left:
            raise SftpError("a reply that ends early")
        self._at += length
        return self._body[self._at - length : self._at]

    def int32(self) -> int:
        """A number of 4 bytes."""
        return int.from_bytes(self.take(4), "big")

    def int64(self) -> int:
        """A number of 8 bytes."""
        return int.from_bytes(self.take(8), "big")

    def text(self) -> bytes:
        """A string with its length before it."""
        return self.take(self.int32())


def read_status(body: bytes) -> tuple[int, str]:
    """A status's code, and what the server says about it."""
    reader = Reader(body)
    code = reader.int32()
    said = reader.text() if reader.left else b""  # left out by servers before version 3
    return code, said[:200].decode("utf-8", "replace")


def read_entry(reader: Reader, name: str, long_name: bytes = b"") -> Entry:
    """The attributes of a file; what its type is the permissions say, or else the long name."""
    flags = reader.int32()
    size = reader.int64() if flags & SIZE else 0
    if flags & OWNERS:
        reader.take(8)
    mode = reader.int32() if flags & PERMISSIONS else 0
    modified = 0
    if flags & TIMES:
        reader.take(4)
        modified = reader.int32()
    if flags & MORE:
        for _ in range(reader.int32()):
            reader.text()
            reader.text()
    kind = KINDS.get(stat.S_IFMT(mode)) if stat.S_IFMT(mode) else LONG_NAMES.get(long_name[:1])
    return Entry(name, kind or "other", size, modified)


def read_names(body: bytes) -> list[Entry]:
    """The entries of one READDIR, without `.` and `..` and without names that no folder can hold."""
    reader = Reader(body)
    entries = []
    for _ in range(reader.int32()):
        name = reader.text()
        entry = read_entry(reader, decoded(name), reader.text())
        if name not in {b"", b".", b".."} and b"/" not in name and b"\0" not in name:
            entries.append(entry)
    return entries


def read_statvfs(body: bytes) -> DiskUsage:
    """What `statvfs@openssh.com` answers."""
    numbers = struct.unpack_from(">11Q", body) if len(body) >= 88 else None
    if numbers is None:
        raise SftpError("a file system without figures")
    block, fragment, blocks, free, available = numbers[:5]
    unit = fragment or block
    return DiskUsage(blocks * unit, (blocks - free) * unit, available * unit)


def read_df(output: bytes) -> DiskUsage | None:
    """What `df -Pk` prints: a header, then name, size, used, available in KiB, and more; None otherwise.

    The name comes first and can hold spaces, so that the figures are found from `Capacity` (`7%`) back.
    """
    lines = output.decode("utf-8", "replace").strip().splitlines()
    if len(lines) < 2:
        return None
    words = lines[-1].split()
    percents = (n for n, word in enumerate(words) if word.endswith("%") and word[:-1].isdigit())
    capacity = next((n for n in percents if n >= 4), 4)
    try:
        size, used, available = (int(word) * 1024 for word in words[capacity - 3 : capacity])
    except ValueError:
        return None
    return DiskUsage(size, used, available)
