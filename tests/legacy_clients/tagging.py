"""The old Tk tagging client, as protocols/tagging.md tells of it."""

import io
import socket
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas

Address = tuple[str, int]
TIMEOUT = 60.0


@dataclass(frozen=True)
class Refused:
    """The server's error reply."""

    message: str


class TaggingClient:
    """Sends requests, ahead if it likes, and reads replies; bytes that begin no reply are dropped."""

    def __init__(
        self, address: Address, source: str = "", connect: Callable[[], socket.socket] | None = None
    ) -> None:
        here = (source, 0) if source else None
        self.connection = (
            connect() if connect else socket.create_connection(address, TIMEOUT, source_address=here)
        )
        self._file = self.connection.makefile("rb", 1 << 16)

    def close(self) -> None:
        """Drop the connection without a word."""
        self._file.close()
        self.connection.close()

    def __enter__(self) -> "TaggingClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, *requests: bytes) -> None:
        """Send without waiting."""
        self.connection.sendall(b"".join(requests))

    def open(self) -> tuple[list[str], pandas.DataFrame, list[tuple[int, int, int]]]:
        """What the client does first: tags, partial CSV and clips, back to back."""
        self.send(TAGS, PARTIAL_CSV, CLIPS)
        tags, table, clips = self.read_tags(), self.read_csv(), self.read_clips()
        assert isinstance(tags, list)
        assert table is not None
        assert clips is not None
        return tags, table, clips

    def image(self, index: int) -> bytes | Refused:
        """Ask for a row's image and wait for it."""
        self.send(image(index))
        return self.read_image(index)

    def change(self, first: int, last: int, flags: Sequence[bool]) -> bool:
        """Label rows and wait."""
        self.send(change(first, last, flags))
        return self.read_done(3)

    def save(self) -> bool:
        """Save and wait."""
        self.send(SAVE)
        return self.read_done(4)

    def read_image(self, index: int) -> bytes | Refused:
        """The reply to an image request."""
        failed = self._begin(1)
        assert self._number() == index
        content = self._exactly(self._number())
        return Refused(content.decode()) if failed else content

    def read_tags(self) -> list[str] | Refused:
        """The reply with the names of the tags."""
        if self._begin(2):
            return Refused(self._exactly(self._number()).decode())
        return [self._exactly(self._number()).decode() for _ in range(self._number())]

    def read_done(self, command: int) -> bool:
        """The status byte of a change or a save. The message of an error is left to be dropped as stray."""
        return self._begin(command) == 0

    def read_message(self, command: int) -> Refused | None:
        """The same by a client that reads the whole error."""
        return Refused(self._exactly(self._number()).decode()) if self._begin(command) else None

    def read_clips(self) -> list[tuple[int, int, int]] | None:
        """The clip table; None for an error."""
        if self._begin(5):
            return None
        return [(self._number(), self._number(), self._number()) for _ in range(self._number())]

    def read_csv(self) -> pandas.DataFrame | None:
        """The tags as pandas reads them; None for an error."""
        if self._begin(6):
            return None
        return pandas.read_csv(io.BytesIO(self._exactly(self._number())))

    def _begin(self, command: int) -> int:
        """Drop bytes until FF; then the command that was asked for, and its status."""
        while (byte := self._exactly(1)) != b"\xff":
            assert byte
        assert self._exactly(1)[0] == command
        status = self._exactly(1)[0]
        assert status in {0, 1}
        return status

    def _number(self) -> int:
        return int(struct.unpack(">I", self._exactly(4))[0])

    def _exactly(self, size: int) -> bytes:
        found: bytes = self._file.read(size)
        if len(found) != size:
            raise ConnectionError("the server closed in the middle of a reply")
        return found


TAGS, SAVE, CLIPS, PARTIAL_CSV = b"\xff\x02", b"\xff\x04", b"\xff\x05", b"\xff\x06"


def image(index: int) -> bytes:
    """A request for a row's image."""
    return struct.pack(">BBI", 0xFF, 1, index)


def change(first: int, last: int, flags: Sequence[bool]) -> bytes:
    """A request to label rows."""
    return struct.pack(">BBIII", 0xFF, 3, first, last, len(flags)) + bytes(flags)
