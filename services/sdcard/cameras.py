"""All cameras: a few sessions with each, kept while they are used, made again when they break.

Each camera has a lock and limits of its own, so that one that hangs holds up nobody but who asks for it.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TypeVar

from services.sdcard import remote
from services.sdcard.addresses import Addresses, Target
from services.sdcard.camera import CameraAddress, connect
from services.sdcard.camera_errors import CameraUnreachable, TooManyConnects
from services.sdcard.limits import CameraLimits
from services.sdcard.pool import Pool
from services.sdcard.remote import MIB
from services.sdcard.remote_file import RemoteFile
from services.sdcard.session import Session
from services.sdcard.sftp import DiskUsage, Entry
from shared.errors import DarkroomError

T = TypeVar("T")
MINUTE = 60.0
Listing = list[Entry] | DarkroomError


class CameraSession:
    """What may be asked of one camera, from any thread. Every method can raise the CameraErrors.

    Each call takes the session with the least to do, and a call that found its connection broken is made
    once more over a new one.
    """

    def __init__(self, pool: Pool, address: CameraAddress) -> None:
        self._pool = pool
        self._address = address

    def list_folder(self, path: str) -> list[Entry]:
        """A folder in one piece. Raises ListingTooLong, RemoteNotFound, RemoteDenied."""
        return self._call(lambda session: remote.list_folder(session, path))

    def list_pages(self, path: str) -> Iterator[list[Entry]]:
        """A folder of any size, page by page. Raises RemoteNotFound, RemoteDenied."""
        with self._pool.session(self._address) as session:
            yield from remote.list_pages(session, path)

    def list_folders(self, paths: Sequence[str]) -> Iterator[tuple[str, Listing]]:
        """Many small folders, several at once: each with its entries, or with what is wrong with it."""
        with self._pool.session(self._address) as session:
            yield from remote.list_folders(session, paths)

    def stat(self, path: str) -> Entry:
        """What stands there; links are not followed. Raises RemoteNotFound, RemoteDenied."""
        return self._call(lambda session: remote.stat(session, path))

    def disk_usage(self, path: str) -> DiskUsage:
        """The card's file system. Raises NoCard."""
        return self._call(lambda session: remote.disk_usage(session, path))

    def read_whole(self, path: str, limit: int = MIB) -> bytes:
        """A small file. Raises RemoteTooLarge, NotAFile, RemoteNotFound, RemoteDenied."""
        return self._call(lambda session: remote.read_whole(session, path, limit))

    def open(self, path: str) -> RemoteFile:
        """A file, to be closed by the caller. Raises NotAFile, RemoteNotFound, RemoteDenied."""
        return self._twice(lambda: self._open(path))

    def _open(self, path: str) -> RemoteFile:
        with ExitStack() as stack:
            file = remote.open_file(stack.enter_context(self._pool.session(self._address)), path)
            file.when_closed(stack.pop_all().close)  # the session is in use for as long as the file is
            return file

    def _call(self, work: Callable[[Session], T]) -> T:
        def once() -> T:
            with self._pool.session(self._address) as session:
                return work(session)

        return self._twice(once)

    def _twice(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except CameraUnreachable:
            if not self._pool.lost_one():
                raise
            return work()


class Cameras:
    """The sessions with every camera. `close` when done."""

    def __init__(self, limits: CameraLimits) -> None:
        self.limits = limits
        self._addresses = Addresses(limits.networks)
        self._lock = threading.Lock()
        self._pools: dict[str, Pool] = {}
        self._connects: dict[str, deque[float]] = {}
        self._closed = threading.Event()
        self._keeper: threading.Thread | None = None

    @contextmanager
    def session(self, address: CameraAddress) -> Iterator[CameraSession]:
        """A camera to be asked. Raises CameraBusy; connects when the first thing is asked."""
        pool = self._pool(address.id)
        with pool.operation():
            yield CameraSession(pool, address)

    def forget(self, camera_id: str) -> None:
        """End its sessions, and forget that it was out of reach: something about it has changed."""
        with self._lock:
            pool = self._pools.pop(camera_id, None)
        if pool is not None:
            pool.close()

    def close(self) -> None:
        """End all sessions."""
        self._closed.set()
        with self._lock:
            pools = list(self._pools.values())
            self._pools.clear()
        for pool in pools:
            pool.close()
        self._addresses.close()
        if self._keeper is not None:
            self._keeper.join()

    def _pool(self, camera_id: str) -> Pool:
        with self._lock:
            if self._closed.is_set():
                raise CameraUnreachable("the service is being stopped")
            if self._keeper is None:
                self._keeper = threading.Thread(target=self._keep, name="camera-keeper", daemon=True)
                self._keeper.start()
            return self._pools.setdefault(camera_id, Pool(self.limits, self._connect))

    def _connect(self, address: CameraAddress) -> Session:
        targets = self._addresses.targets(address.host, address.port, self.limits.connect_seconds)
        self._count_connect(targets)
        session = Session(connect(address, targets, self.limits), self.limits)
        try:
            session.start()
        except BaseException:
            session.close()
            raise
        return session

    def _count_connect(self, targets: Sequence[Target]) -> None:
        host = targets[0].host
        now = time.monotonic()
        with self._lock:
            for known in [h for h, times in self._connects.items() if times[-1] < now - MINUTE]:
                del self._connects[known]
            times = self._connects.setdefault(host, deque(maxlen=self.limits.connects_per_minute))
            if len(times) == times.maxlen and times[0] > now - MINUTE:
                wait = int(times[0] + MINUTE - now) + 1
                raise TooManyConnects(
                    f"it is connected to {times.maxlen} times a minute at most: again in {wait} seconds",
                    headers={"Retry-After": str(wait)},
                )
            times.append(now)

    def _keep(self) -> None:
        while not self._closed.wait(max(self.limits.idle_seconds / 4, 0.05)):
            with self._lock:
                pools = list(self._pools.values())
            for pool in pools:
                pool.close_idle()
