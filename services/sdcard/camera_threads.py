"""Threads for work that waits for cameras: a few for each, so that one that hangs holds up no other."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from services.sdcard.camera_errors import CameraBusy

P = ParamSpec("P")
T = TypeVar("T")
LINGER_SECONDS = 1.0  # between the pieces of a clip, whose reader takes its time


@dataclass(slots=True)
class _Camera:
    executor: ThreadPoolExecutor
    calls: int = 0


class CameraThreads:
    """`threads` calls at once for each camera, `waiting` more in line; the threads go soon after the last."""

    def __init__(self, threads: int, waiting: int) -> None:
        self._threads = threads
        self._room = threads + waiting
        self._cameras: dict[str, _Camera] = {}

    async def run(self, camera_id: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `work` in one of the camera's threads. Raises CameraBusy when its line is full."""
        camera = self._cameras.get(camera_id)
        if camera is None:
            name = f"camera-{camera_id[:20]}"
            camera = _Camera(ThreadPoolExecutor(self._threads, thread_name_prefix=name))
            self._cameras[camera_id] = camera
        if camera.calls >= self._room:
            raise CameraBusy("too much waits for it already", headers={"Retry-After": "1"})
        camera.calls += 1
        future = camera.executor.submit(work, *args, **kwargs)
        future.add_done_callback(self._done(camera_id, camera))
        return await asyncio.wrap_future(future)

    def _done(self, camera_id: str, camera: _Camera) -> Callable[[object], None]:
        """Counts on the event loop, when the work has ended: a caller that goes away does not end it."""
        loop = asyncio.get_running_loop()

        def count() -> None:
            camera.calls -= 1
            if camera.calls == 0:
                loop.call_later(LINGER_SECONDS, end)

        def end() -> None:
            if camera.calls == 0 and self._cameras.get(camera_id) is camera:
                del self._cameras[camera_id]
                camera.executor.shutdown(wait=False)

        def tell(_: object) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(count)

        return tell

    async def close(self) -> None:
        """Wait for what runs; what only waits is dropped."""
        executors = [camera.executor for camera in self._cameras.values()]
        await asyncio.gather(*(asyncio.to_thread(e.shutdown, cancel_futures=True) for e in executors))
