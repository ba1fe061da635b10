"""Rendering at once: in processes of their own, so that a picture that kills or stalls one harms no other."""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from io import FileIO
from multiprocessing.connection import Connection

from services.processing.render import Rendered
from services.processing.render_task import RenderTask, Shared
from shared.errors import DarkroomError, TooManyRequests, Unprocessable, UpstreamTimeout
from shared.workers import WorkerPool

_LARGE = 200_000  # bytes
START_SECONDS = 60.0
KILL_SECONDS = 0.1  # a process that was just about to begin is killed at the next look


class ProcessDied(Unprocessable):
    """The process that rendered the image died of it."""

    code = "processing_crashed"
    title = "The image could not be processed"


class TooSlow(UpstreamTimeout):
    """The pipeline took longer than an item may."""

    code = "processing_timeout"
    title = "The pipeline takes too long"


class _Child:
    """A process that renders."""

    def __init__(self, memory: int) -> None:
        ours, theirs = socket.socketpair()
        self._images = _shared_file()
        with theirs:
            numbers = [theirs.fileno(), self._images.fileno()]
            arguments = map(str, (*numbers, memory))
            command = [sys.executable, "-m", "services.processing.render_process", *arguments]
            # In a session of its own: Ctrl+C is for the service, which lets it finish
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                command, pass_fds=numbers, stdin=subprocess.DEVNULL, start_new_session=True
            )
        self._connection = Connection(ours.detach())
        self._is_up = False

    def ask(self, task: RenderTask, seconds: float) -> Rendered | None:
        """The answer. Raises what rendering raised; ProcessDied and TooSlow, after which it is of no use."""
        try:
            self._wait_until_up()
            self._connection.send(self._lighter(task))
            if not self._connection.poll(seconds):
                raise TooSlow(f"the pipeline took longer than {seconds:g} s")
            answer: Rendered | DarkroomError | OSError | None = self._connection.recv()
        except (EOFError, ConnectionError):
            raise ProcessDied("the process that worked on the image died of it") from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _wait_until_up(self) -> None:
        """Its start, which takes a second or more on a busy machine, is not the picture's time."""
        if not self._is_up:
            if not self._connection.poll(START_SECONDS):
                raise TooSlow(f"no process for it started within {START_SECONDS:g} s")
            self._connection.recv()
            self._is_up = True

    def _lighter(self, task: RenderTask) -> RenderTask:
        """The task with a large image in the file that both share: a socket takes only 200 KB at a time."""
        if not isinstance(task.source, bytes) or len(task.source) < _LARGE:
            return task
        self._images.seek(0)
        left = memoryview(task.source)
        while left:
            left = left[self._images.write(left) :]
        return replace(task, source=Shared(len(task.source)))

    def kill(self) -> None:
        """End what it is at: whoever has asked gets ProcessDied."""
        self._process.kill()

    def close(self) -> None:
        """End it, at once."""
        with suppress(OSError):
            self._connection.close()
        self._images.close()
        self._process.kill()
        self._process.wait()


def _shared_file() -> FileIO:
    """A file without a name: in memory, or where there is no such thing (anything but Linux) on disk."""
    if hasattr(os, "memfd_create"):
        return FileIO(os.memfd_create("images"), "r+")
    with tempfile.TemporaryFile() as nameless:
        return FileIO(os.dup(nameless.fileno()), "r+")


def threads_for(processes: int, under_way: int, *, cores_are_taken: bool) -> int:
    """A rendering's share, at least 1, of so many threads as there may be processes.

    `under_way` are the renderings that somebody waits for: 0 where who asked has left.
    """
    if cores_are_taken:
        return 1
    return max(processes // max(under_way, 1), 1)


class RenderPool:
    """`processes` renderings at once, `waiting` more in line; each has `seconds`, and `memory` bytes.

    Processes come when they are needed, and go when nothing was asked for `idle_seconds`; 0: they stay. They
    share so many threads in OpenCV as there may be processes: one that is alone has all of them, unless
    others' work takes the cores.
    """

    def __init__(
        self,
        processes: int,
        waiting: int,
        seconds: float,
        memory: int,
        idle_seconds: float = 0.0,
        cores_are_taken: Callable[[], bool] = lambda: False,
    ) -> None:
        self._threads = WorkerPool("process", processes, waiting)
        self._processes = processes
        self._cores_are_taken = cores_are_taken
        self._most = processes + waiting
        self._under_way = 0
        self._seconds = seconds
        self._memory = memory
        self._idle: deque[_Child] = deque()
        self._busy: set[_Child] = set()
        self._idle_seconds = idle_seconds
        self._rest: asyncio.TimerHandle | None = None

    def check_room(self) -> None:
        """Raise TooManyRequests when the line is full, before a body is read for nothing."""
        if self._under_way >= self._most:
            raise TooManyRequests(
                "too much work is waiting", code="too_much_work", headers={"Retry-After": "1"}
            )

    async def run(self, task: RenderTask) -> Rendered | None:
        """What the task gives. Raises what `render` raises, TooManyRequests, ProcessDied, TooSlow."""
        self._under_way += 1
        if self._rest is not None:
            self._rest.cancel()
        try:
            return await self._threads.run(self._run, task)
        finally:
            self._under_way -= 1
            if self._idle_seconds and not self._under_way:
                loop = asyncio.get_running_loop()
                self._rest = loop.call_later(self._idle_seconds, self._end_idle)

    async def close(self) -> None:
        """Drop what waits, end the processes, and with them what nobody waits for any more."""
        if self._rest is not None:
            self._rest.cancel()
        closing = asyncio.create_task(self._threads.close())
        while not closing.done():
            for child in self._busy.copy():
                child.kill()
            await asyncio.wait({closing}, timeout=KILL_SECONDS)
        self._end_idle()

    def _end_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _run(self, task: RenderTask) -> Rendered | None:
        try:
            child = self._idle.pop()
        except IndexError:
            child = _Child(self._memory)
        self._busy.add(child)
        try:
            threads = threads_for(self._processes, self._under_way, cores_are_taken=self._cores_are_taken())
            answer = child.ask(replace(task, threads=threads), self._seconds)
        except (ProcessDied, TooSlow):
            self._busy.discard(child)
            child.close()
            raise
        except BaseException:
            self._put_back(child)
            raise
        self._put_back(child)
        return answer

    def _put_back(self, child: _Child) -> None:
        self._busy.discard(child)
        self._idle.append(child)
