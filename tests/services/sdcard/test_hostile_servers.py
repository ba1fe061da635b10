"""SFTP servers that answer what no server should: over a wire in memory."""

import struct
from collections.abc import Callable

import pytest

from services.sdcard import remote, sftp
from services.sdcard.camera_errors import CameraFailed, CameraUnreachable, ListingTooLong
from services.sdcard.limits import CameraLimits
from services.sdcard.session import Session

HELLO = struct.pack(">IBI", 5, 2, 3)
FILE = struct.pack(">IQI", 5, 1000, 0o100644)
Answer = Callable[[int, bytes], tuple[int, bytes]]


class Wire:
    """Answers each request at once, by its kind and body; `reverse` gives the last reply first."""

    def __init__(self, answer: Answer, *, reverse: bool = False) -> None:
        self.alive = True
        self.requests: list[int] = []
        self._answer = answer
        self._reverse = reverse
        self._coming: list[bytes] = []

    def send(self, data: bytes) -> None:
        (_, kind, number) = struct.unpack_from(">IBI", data)
        if kind == sftp.INIT:
            self._coming.append(HELLO)
            return
        self.requests.append(kind)
        answer, body = self._answer(kind, data[9:])
        self._coming.insert(0 if self._reverse else len(self._coming), sftp.request(number, answer, body))

    def receive(self, size: int, seconds: float) -> bytes:
        if not self._coming:
            raise TimeoutError
        return self._coming.pop(0)

    def run(self, command: bytes, seconds: float) -> bytes:
        return b""

    def close(self) -> None:
        self.alive = False


def session_over(answer: Answer, *, reverse: bool = False, **given: int) -> Session:
    session = Session(Wire(answer, reverse=reverse), CameraLimits(**given))  # type: ignore[arg-type]
    session.start()
    return session


def answering(**answers: tuple[int, bytes]) -> Answer:
    """By the name of the request."""
    by_kind = {getattr(sftp, name.upper()): answer for name, answer in answers.items()}
    return lambda kind, _: by_kind.get(kind, (sftp.STATUS, b"\0\0\0\0"))


def names(*given: bytes) -> tuple[int, bytes]:
    entries = b"".join(sftp.text(name) + sftp.text(b"-") + b"\0\0\0\0" for name in given)
    return sftp.NAME, struct.pack(">I", len(given)) + entries


HANDLE = (sftp.HANDLE, sftp.text(b"h"))


@pytest.mark.parametrize("reply", [names(), names(b"."), names(b"a"), names(*[b"%d" % n for n in range(30)])])
def test_a_listing_without_an_end(reply: tuple[int, bytes]) -> None:
    session = session_over(answering(opendir=HANDLE, readdir=reply), listing_entries=100)
    with pytest.raises(ListingTooLong):
        remote.list_folder(session, "/card")
    with pytest.raises(ListingTooLong):
        for _ in remote.list_pages(session, "/card"):
            pass
    ((_, problem),) = remote.list_folders(session, ["/card"])
    assert isinstance(problem, ListingTooLong)


@pytest.mark.parametrize(
    "data",
    [sftp.text(b"x" * 11), struct.pack(">I", 10), struct.pack(">I", 5) + b"x" * 10, b"\0\0"],
)
def test_a_piece_of_another_length(data: bytes) -> None:
    session = session_over(answering(lstat=(sftp.ATTRS, FILE), open=HANDLE, read=(sftp.DATA, data)))
    with remote.open_file(session, "/card/clip") as file, pytest.raises(CameraFailed):
        file.read_at(0, 10)


@pytest.mark.parametrize(
    "reply", [(sftp.NAME, b"\xff\xff\xff\xff"), (sftp.ATTRS, b""), (sftp.DATA, b""), (99, b"")]
)
def test_replies_of_the_wrong_kind_or_cut_short(reply: tuple[int, bytes]) -> None:
    everything = answering(opendir=reply, readdir=reply, lstat=reply, open=reply, read=reply)
    for ask in (remote.list_folder, remote.stat, remote.open_file, remote.disk_usage, remote.read_whole):
        with pytest.raises(CameraFailed):
            ask(session_over(everything), "/card")
    ((_, problem),) = remote.list_folders(session_over(everything), ["/card"])
    assert isinstance(problem, CameraFailed)
    readable = answering(opendir=HANDLE, readdir=reply)
    with pytest.raises(CameraFailed):
        remote.list_folder(session_over(readable), "/card")


def test_replies_in_another_order() -> None:
    """A server may answer in any order: each piece goes where it belongs."""

    def answer(kind: int, body: bytes) -> tuple[int, bytes]:
        if kind != sftp.READ:
            return {sftp.LSTAT: (sftp.ATTRS, FILE), sftp.OPEN: HANDLE}.get(kind, (sftp.STATUS, b"\0\0\0\0"))
        offset, length = struct.unpack_from(">QI", body, 5)
        return sftp.DATA, sftp.text(bytes([offset % 251]) * length)

    with remote.open_file(session_over(answer, reverse=True), "/card/clip") as file:
        spans = [(n, 3) for n in range(50)]
        assert file.read_many(spans) == [bytes([n]) * 3 for n in range(50)]


def test_a_server_that_gives_little_at_a_time() -> None:
    content = bytes(range(250)) * 4

    def answer(kind: int, body: bytes) -> tuple[int, bytes]:
        if kind != sftp.READ:
            return {sftp.LSTAT: (sftp.ATTRS, FILE), sftp.OPEN: HANDLE}.get(kind, (sftp.STATUS, b"\0\0\0\0"))
        offset, length = struct.unpack_from(">QI", body, 5)
        data = content[offset : offset + min(length, 7)]
        return (sftp.DATA, sftp.text(data)) if data else (sftp.STATUS, b"\0\0\0\1")

    with remote.open_file(session_over(answer), "/card/clip") as file:
        assert b"".join(file.chunks(0, 1000)) == content
        assert file.read_many([(990, 20), (3, 30)]) == [content[990:], content[3:33]]


def test_a_wire_that_carries_something_else() -> None:
    wire = Wire(answering())
    session = Session(wire, CameraLimits())
    session.start()
    wire.send = lambda data: wire._coming.append(b"SSH-2.0-not-sftp\r\n")  # type: ignore[method-assign]
    with pytest.raises(CameraFailed):
        remote.stat(session, "/card")
    assert not wire.alive
    with pytest.raises((CameraFailed, CameraUnreachable)):
        remote.stat(session, "/card")
