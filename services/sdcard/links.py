"""Ways to cameras for code on an event loop: threads, sessions, and states that refusals stand for."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import TypeVar

from services.sdcard import camera_repository
from services.sdcard.camera import CameraAddress
from services.sdcard.camera_errors import CameraBusy, CameraError, TooManyConnects
from services.sdcard.camera_repository import CameraRow
from services.sdcard.camera_threads import CameraThreads
from services.sdcard.cameras import Cameras, CameraSession
from services.sdcard.registry import Registry
from services.sdcard.remote_file import RemoteFile
from services.sdcard.vault import CredentialsUnreadable
from shared.database import Connection, Database
from shared.database.types import now
from shared.errors import InsufficientStorage
from shared.events import EventLog
from shared.web.problems import as_darkroom_error

T = TypeVar("T")
STATES = (CameraError, CredentialsUnreadable)  # what stands in the way of everything
OURS = (CameraBusy, TooManyConnects)  # say something of us, and nothing of the camera
HEAD_BYTES = 12


class Links:
    """Blocking work with sessions to cameras. What a camera refuses becomes its state, and is raised."""

    def __init__(
        self,
        cameras: Cameras,
        threads: CameraThreads,
        database: Database,
        events: EventLog,
        registry: Registry,
    ) -> None:
        self._cameras = cameras
        self._threads = threads
        self._database = database
        self._events = events
        self._registry = registry

    async def run(self, row: CameraRow, work: Callable[[CameraSession], T]) -> T:
        """The result of `work` in a thread of the camera's. Raises CameraError, CredentialsUnreadable."""
        try:
            return await self._threads.run(row.id, self._with_session, self._address(row), work)
        except STATES as error:
            await self._note(row, error)
            raise

    def _with_session(self, address: CameraAddress, work: Callable[[CameraSession], T]) -> T:
        with self._cameras.session(address) as session:
            return work(session)

    @asynccontextmanager
    async def open(self, row: CameraRow, path: str) -> AsyncIterator[tuple[RemoteFile, bytes]]:
        """A file of the camera with its first bytes, open for as long as the block lasts."""
        try:
            holding = self._cameras.session(self._address(row))
            session = await self._threads.run(row.id, holding.__enter__)
            try:
                file = await self._threads.run(row.id, session.open, path)
                try:
                    yield file, await self._threads.run(row.id, file.read_at, 0, min(HEAD_BYTES, file.size))
                finally:
                    await self._threads.run(row.id, file.close)
            finally:
                await self._threads.run(row.id, holding.__exit__, None, None, None)
        except STATES as error:
            await self._note(row, error)
            raise

    async def chunks(self, row: CameraRow, file: RemoteFile, start: int, end: int) -> AsyncGenerator[bytes]:
        """Its bytes, piece by piece: the next is asked for when the one before has been taken."""
        pieces: Iterator[bytes] = file.chunks(start, end)
        while piece := await _to_its_end(self._threads.run(row.id, _next, pieces)):
            yield piece

    def _address(self, row: CameraRow) -> CameraAddress:
        login = self._registry.login(row)
        return CameraAddress(
            id=row.id,
            host=row.host,
            port=row.port,
            user=login.user,
            password=login.password,
            private_key=login.private_key,
            accepted_key=row.accepted_key,
        )

    async def _note(self, row: CameraRow, error: CameraError | CredentialsUnreadable) -> None:
        """Write down why the camera cannot be used now, and the key that it showed."""
        if isinstance(error, OURS):
            return
        try:
            if error.status == 409 and "fingerprint" in error.extra:
                await self._registry.offer_key(row, str(error.extra["fingerprint"]))
            await self._database.write(
                lambda c: self._set_state(c, row, error.code, error.detail or error.title)
            )
        except Exception as failure:  # a full disk must not stand in the way of what the camera says
            if not isinstance(as_darkroom_error(failure), InsufficientStorage):
                raise

    def _set_state(self, connection: Connection, row: CameraRow, state: str, detail: str) -> None:
        if camera_repository.find(connection, row.id) is None:
            return
        before = camera_repository.card(connection, row.id)
        seen = {"state": state, "detail": detail, "checked_at": now()}
        camera_repository.set_card(connection, row.id, seen)
        if before.state != state:
            said = {"id": row.id, "state": state, "detail": detail, "earlier": before.state}
            self._events.append(connection, "camera.state", f"cameras/{row.id}", said)

    async def forget(self, row: CameraRow) -> None:
        """End what is open to the camera: its address, key or credentials are other ones now."""
        await asyncio.to_thread(self._cameras.forget, row.id)  # its own threads may all be waiting for it

    async def close(self) -> None:
        """End all."""
        await self._threads.close()
        self._cameras.close()


def _next(pieces: Iterator[bytes]) -> bytes:
    return next(pieces, b"")


async def _to_its_end(work: Awaitable[bytes]) -> bytes:
    """The result; one who is cancelled waits too: a file must not be closed while a thread reads it."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()
        raise
