"""The sessions with one camera: which one to use, when to make another, when to leave the camera alone."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from services.sdcard.camera import CameraAddress
from services.sdcard.camera_errors import (
    CameraBusy,
    CameraError,
    CameraRefused,
    CameraTimeout,
    CameraUnreachable,
    TooManyConnects,
    WrongCredentials,
)
from services.sdcard.limits import CameraLimits
from services.sdcard.session import Session

Connect = Callable[[CameraAddress], Session]
# After these nothing is tried for a while; the others end when somebody does something about them.
BACKED_OFF = (CameraRefused, CameraTimeout, CameraUnreachable, WrongCredentials)
FIRST_WAIT = 1.0


class Pool:
    """At most `sessions` connections with a camera, each used by several threads at once."""

    def __init__(self, limits: CameraLimits, connect: Connect) -> None:
        self._limits = limits
        self._connect = connect
        self._changed = threading.Condition()
        self._sessions: list[Session] = []
        self._connecting = 0
        self._operations = 0
        self._address: CameraAddress | None = None
        self._failures = 0
        self._not_before = 0.0
        self._problem: CameraError | None = None
        self._lost = False
        self._closed = False

    @contextmanager
    def operation(self) -> Iterator[None]:
        """Count one of the things that are asked of the camera at once. Raises CameraBusy."""
        with self._changed:
            if self._operations >= self._limits.operations:
                raise CameraBusy(
                    f"{self._limits.operations} things are asked of it already", headers={"Retry-After": "1"}
                )
            self._operations += 1
        try:
            yield
        finally:
            with self._changed:
                self._operations -= 1

    @contextmanager
    def session(self, address: CameraAddress) -> Iterator[Session]:
        """The session with the least to do, or a new one. Raises CameraError."""
        session = self._take(address)
        try:
            yield session
        finally:
            with self._changed:
                session.users -= 1
                session.idle_since = time.monotonic()
                self._lost = self._lost or not session.alive

    def lost_one(self) -> bool:
        """Whether a connection that once worked has broken since this was last asked."""
        with self._changed:
            lost, self._lost = self._lost, False
            return lost

    def close_idle(self) -> None:
        """End what nobody has used for a while, and what has ended by itself."""
        limit = time.monotonic() - self._limits.idle_seconds
        with self._changed:
            idle = [s for s in self._sessions if s.users == 0 and (s.idle_since < limit or not s.alive)]
            self._sessions = [s for s in self._sessions if s not in idle]
        for session in idle:
            session.close()

    def close(self) -> None:
        """End all of them, also those that are in use."""
        with self._changed:
            self._closed = True
            sessions, self._sessions = self._sessions, []
            self._changed.notify_all()
        for session in sessions:
            session.close()

    def _take(self, address: CameraAddress) -> Session:
        old: list[Session] = []
        with self._changed:
            if address != self._address:  # other credentials, or another key: nothing of before holds
                old, self._sessions = self._sessions, []
                self._address, self._failures, self._not_before = address, 0, 0.0
        for session in old:
            session.close()
        while True:
            found = self._choose()
            if found is not None:
                return found
            made = self._make(address)
            if made is not None:
                return made

    def _choose(self) -> Session | None:
        """A session that is there; None when one is to be made, which is counted. Waits while one is made."""
        with self._changed:
            while True:
                if self._closed:
                    raise CameraUnreachable("the camera was changed or taken away meanwhile")
                self._drop_dead()
                best = min(self._sessions, key=lambda session: session.users, default=None)
                room = len(self._sessions) + self._connecting < self._limits.sessions
                quiet = time.monotonic() < self._not_before
                if best is not None and (best.users == 0 or not room or quiet):
                    best.users += 1
                    return best
                if quiet and self._problem is not None:
                    raise self._problem.again()
                if best is not None or not self._connecting:
                    self._connecting += 1
                    return None
                self._changed.wait()

    def _drop_dead(self) -> None:
        alive = [session for session in self._sessions if session.alive]
        if len(alive) < len(self._sessions):
            self._lost = True
            dead = [session for session in self._sessions if session not in alive]
            self._sessions = alive
            for session in dead:
                session.close()

    def _make(self, address: CameraAddress) -> Session | None:
        """A new session; None when another one that is there has to do."""
        try:
            session = self._connect(address)
        except CameraError as problem:
            if self._failed(problem):
                return None
            raise
        except BaseException:
            with self._changed:
                self._connecting -= 1
                self._changed.notify_all()
            raise
        with self._changed:
            self._connecting -= 1
            self._failures, self._not_before, self._problem = 0, 0.0, None
            session.users += 1
            usable = not self._closed and self._address == address
            if usable:
                self._sessions.append(session)
            self._changed.notify_all()
        if not usable:
            session.close()
            raise CameraUnreachable("the camera was changed or taken away meanwhile")
        return session

    def _failed(self, problem: CameraError) -> bool:
        """Remember it for those who ask next; whether there is another session to go on with."""
        with self._changed:
            self._connecting -= 1
            now = time.monotonic()
            if isinstance(problem, BACKED_OFF):
                wait = min(FIRST_WAIT * 2**self._failures, self._limits.backoff_seconds)
                self._failures += 1
                self._not_before, self._problem = now + wait, problem
            elif isinstance(problem, TooManyConnects):
                self._not_before, self._problem = now + float(problem.headers["Retry-After"]), problem
            self._changed.notify_all()
            return any(session.alive for session in self._sessions)
