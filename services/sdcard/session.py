"""One SFTP session, shared by several threads: their requests and replies go over one channel, mixed.

There is no thread that reads for the others: whoever waits for a reply reads what comes, hands each reply
to whom it belongs, and lets the next one read when its own is there.
"""

import threading
import time
from collections.abc import Iterable
from typing import Protocol

from services.sdcard import sftp
from services.sdcard.camera_errors import (
    CameraError,
    CameraFailed,
    CameraSlow,
    CameraTimeout,
    CameraUnreachable,
)
from services.sdcard.limits import CameraLimits
from services.sdcard.sftp import Reply, SftpError

RECEIVE_BYTES = 256 * 1024


class Wire(Protocol):
    """What a session talks over: camera.Link, or anything that carries bytes."""

    @property
    def alive(self) -> bool:
        """False once it is known to have ended."""

    def send(self, data: bytes) -> None:
        """All of it."""

    def receive(self, size: int, seconds: float) -> bytes:
        """What has come. Raises TimeoutError."""

    def run(self, command: bytes, seconds: float) -> bytes:
        """What a command prints."""

    def close(self) -> None:
        """End it."""


class Pace:
    """How long one operation may still wait: silence uses it up, bytes that come give it back.

    So nothing waits longer than `seconds` for a camera that is silent, nor for ever for one that sends
    less than `rate` bytes a second, while the reader's own time does not count.
    """

    def __init__(self, limits: CameraLimits) -> None:
        self._full = limits.channel_seconds
        self._rate = limits.bytes_per_second
        self._silent = 0.0
        self.left = self._full

    def spend(self, seconds: float, received: int) -> None:
        """So long was waited, and so much came meanwhile, for whomever."""
        self.left = min(self._full, self.left - seconds + received / self._rate)
        self._silent = 0.0 if received else self._silent + seconds

    def problem(self) -> CameraError:
        """What it means that nothing is left."""
        if self._silent < self._full / 2:
            return CameraSlow(f"it sends less than {self._rate // 1024} KiB a second")
        return CameraTimeout(f"it has said nothing for {self._silent:.0f} seconds")


class Session:
    """Requests and replies of one connection. Closed by the first trouble with it, for all of its users."""

    def __init__(self, wire: Wire, limits: CameraLimits) -> None:
        self.limits = limits
        self.users = 0  # counted by the pool, under its lock
        self.idle_since = time.monotonic()
        self._wire = wire
        self._replies = sftp.Replies()
        self._waiting: dict[int, Reply | None] = {}
        self._number = 0
        self._received = 0
        self._reading = False
        self._problem: CameraError | None = None
        self._changed = threading.Condition()
        self._sending = threading.Lock()

    @property
    def alive(self) -> bool:
        """Whether something may be asked of it."""
        return self._problem is None and self._wire.alive

    @property
    def has_statvfs(self) -> bool:
        """Whether the server tells about file systems by SFTP."""
        return sftp.STATVFS in (self._replies.extensions or {})

    def pace(self) -> Pace:
        """The patience for one operation."""
        return Pace(self.limits)

    def start(self) -> None:
        """Say hello. Raises CameraError."""
        pace = self.pace()
        self._send(sftp.hello())
        while self._replies.extensions is None:
            self._read(pace)

    def ask(self, kind: int, body: bytes) -> int:
        """Send a request; its number is what `answer` takes. Raises CameraError."""
        with self._changed:
            number = self._next()
            self._waiting[number] = None
        self._send(sftp.request(number, kind, body))
        return number

    def tell(self, kind: int, body: bytes) -> None:
        """Send a request whose reply nobody needs. Raises CameraError."""
        with self._changed:
            number = self._next()
        self._send(sftp.request(number, kind, body))

    def answer(self, number: int, pace: Pace) -> Reply:
        """Wait for the reply. Raises CameraError; after that the session is of no use to anybody."""
        with self._changed:
            while True:
                reply = self._waiting[number]
                if reply is not None:
                    del self._waiting[number]
                    return reply
                if self._problem is not None:
                    del self._waiting[number]
                    raise self._problem.again()
                self._wait(pace)

    def drop(self, numbers: Iterable[int]) -> None:
        """The replies to these are not needed any more."""
        with self._changed:
            for number in numbers:
                self._waiting.pop(number, None)

    def run(self, command: bytes) -> bytes:
        """What a command of the camera prints. Raises CameraError."""
        try:
            return self._wire.run(command, self.limits.channel_seconds)
        except CameraError as error:
            raise self.fail(error) from None

    def fail(self, problem: CameraError) -> CameraError:
        """It is over, for this reason or an earlier one, which is returned; everybody who waits is told."""
        with self._changed:
            first = self._problem = self._problem or problem
            self._changed.notify_all()
        self._wire.close()
        return first.again()

    def close(self) -> None:
        """End it."""
        self.fail(CameraUnreachable("the connection was closed"))

    def _next(self) -> int:
        self._number = (self._number + 1) % 0x1_0000_0000
        return self._number

    def _send(self, data: bytes) -> None:
        try:
            with self._sending:
                self._wire.send(data)
        except CameraError as error:
            raise self.fail(error) from None

    def _wait(self, pace: Pace) -> None:
        """Under the lock: read what comes, or let another one read; in either case it is a while later."""
        if not self._reading:
            self._reading = True
            self._changed.release()
            try:
                self._read(pace)
            finally:
                self._changed.acquire()
                self._reading = False
                self._changed.notify_all()
            return
        before, then = self._received, time.monotonic()
        self._changed.wait(max(pace.left, 0.001))
        pace.spend(time.monotonic() - then, self._received - before)
        if pace.left <= 0 and self._problem is None:
            problem = pace.problem()
            self._changed.release()
            try:
                self.fail(problem)
            finally:
                self._changed.acquire()

    def _read(self, pace: Pace) -> None:
        """Read once, without the lock, and hand out what came."""
        then = time.monotonic()
        try:
            data = self._wire.receive(RECEIVE_BYTES, pace.left)
            pace.spend(time.monotonic() - then, len(data))
            replies = self._replies.feed(data)
        except TimeoutError:
            pace.spend(time.monotonic() - then, 0)
            problem = pace.problem()
        except SftpError as error:
            problem = CameraFailed(f"its SFTP is not right: {error}")
        except CameraError as error:
            problem = error
        else:
            self._hand_out(replies, len(data))
            if pace.left > 0:
                return
            problem = pace.problem()
        raise self.fail(problem)

    def _hand_out(self, replies: list[Reply], received: int) -> None:
        with self._changed:
            self._received += received
            for reply in replies:
                if reply.request in self._waiting:  # else nobody needs it any more
                    self._waiting[reply.request] = reply
