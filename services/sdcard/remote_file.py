"""A file on a camera, read by pieces: several requests on their way at once, and never more than a window."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from types import TracebackType

from services.sdcard import sftp
from services.sdcard.camera_errors import CameraError, CameraFailed, RemoteChanged
from services.sdcard.card import shown
from services.sdcard.session import Pace, Session
from services.sdcard.sftp import Entry

# The longest piece that OpenSSH sends; other servers send less, which is noticed.
PIECE = 255 * 1024
Span = tuple[int, int]  # offset, length


class RemoteFile:
    """An open file; `size` and `modified` are as they were when it was opened. For one thread at a time."""

    def __init__(self, session: Session, path: str, handle: bytes, entry: Entry) -> None:
        self.path = path
        self.size = entry.size
        self.modified = entry.modified
        self._session = session
        self._handle = handle
        self._piece = PIECE
        self._open = True
        self._release: Callable[[], None] | None = None

    def when_closed(self, release: Callable[[], None]) -> None:
        """What to call once nobody reads it any more."""
        self._release = release

    def read_at(self, offset: int, length: int) -> bytes:
        """So many bytes from there, fewer only at the end of the file."""
        return self.read_many([(offset, length)])[0]

    def read_many(self, spans: Sequence[Span]) -> list[bytes]:
        """Several pieces in the time of one."""
        parts: list[list[bytes]] = [[] for _ in spans]
        ended: set[int] = set()
        pieces = ((n, piece) for n, span in enumerate(spans) for piece in self._cut(*span))
        for n, (_, length), data in self._pipeline(pieces):
            if n not in ended:
                parts[n].append(data)
            if len(data) < length:
                ended.add(n)
        return [b"".join(part) for part in parts]

    def chunks(self, start: int, end: int) -> Iterator[bytes]:
        """The bytes from start up to and without end, read ahead. Raises RemoteChanged if they are gone."""
        for _, (_, length), data in self._pipeline((0, piece) for piece in self._cut(start, end - start)):
            if data:
                yield data
            if len(data) < length:
                raise RemoteChanged(f"{shown(self.path)} became shorter while it was read")

    def close(self) -> None:
        """Let go of it."""
        if self._open:
            self._open = False
            with suppress(CameraError):
                self._session.tell(sftp.CLOSE, sftp.text(self._handle))
            if self._release is not None:
                self._release()

    def __enter__(self) -> "RemoteFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _cut(self, offset: int, length: int) -> Iterator[Span]:
        end = offset + length
        while offset < end:
            piece = min(self._piece, end - offset)
            yield offset, piece
            offset += piece

    def _pipeline(self, pieces: Iterable[tuple[int, Span]]) -> Iterator[tuple[int, Span, bytes]]:
        """Each piece with its bytes, in their order."""
        pace = self._session.pace()
        coming = iter(pieces)
        asked: deque[tuple[int, Span, int]] = deque()
        try:
            while True:
                room = max(self._session.limits.window_bytes // self._piece, 2) - len(asked)
                for n, span in islice(coming, max(room, 0)):
                    asked.append((n, span, self._ask(span)))
                if not asked:
                    return
                n, span, number = asked.popleft()
                yield n, span, self._whole(span, number, pace)
        finally:
            self._session.drop(number for _, _, number in asked)

    def _ask(self, span: Span) -> int:
        offset, length = span
        return self._session.ask(sftp.READ, sftp.read_body(self._handle, offset, length))

    def _whole(self, span: Span, number: int, pace: Pace) -> bytes:
        """The bytes of a piece; what a server leaves out of one reply is asked for again."""
        offset, length = span
        data = self._data(number, pace, length)
        while 0 < len(data) < length:
            missing = length - len(data)
            more = self._data(self._ask((offset + len(data), missing)), pace, missing)
            if not more:
                break
            self._piece = max(min(self._piece, len(data)), 4096)
            data += more
        return data

    def _data(self, number: int, pace: Pace, length: int) -> bytes:
        reply = self._session.answer(number, pace)
        if reply.kind == sftp.STATUS:
            code, said = sftp.read_status(reply.body)
            if code == sftp.END:
                return b""
            raise CameraFailed(f"it could not read {shown(self.path)}: {shown(said) or f'status {code}'}")
        if reply.kind != sftp.DATA:
            raise CameraFailed(f"its SFTP answered with kind {reply.kind}")
        data = reply.body[4:]
        told = int.from_bytes(reply.body[:4], "big")
        if len(reply.body) < 4 or told != len(data) or told > length:
            raise CameraFailed("its SFTP sent another length than was asked for")
        return data
