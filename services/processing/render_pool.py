"""Rendering at once: in processes of their own, so that a picture that kills or stalls one harms no other."""

import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

from services.processing.render import Rendered
from services.processing.render_process import RenderTask
from shared.errors import DarkroomError, TooManyRequests, Unprocessable, UpstreamTimeout
from shared.workers import WorkerPool

_LARGE = 200_000  # bytes


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
        with theirs:
            number = theirs.fileno()
            command = [sys.executable, "-m", "services.processing.render_process", str(number), str(memory)]
            # In a session of its own: Ctrl+C is for the service, which lets it finish
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                command, pass_fds=[number], stdin=subprocess.DEVNULL, start_new_session=True
            )
        self._connection = Connection(ours.detach())

    def ask(self, task: RenderTask, seconds: float) -> Rendered | None:
        """The answer. Raises what rendering raised; ProcessDied and TooSlow, after which it is of no use."""
        try:
            with _in_shared_memory(task) as light:
                self._connection.send(light)
                if not self._connection.poll(seconds):
                    raise TooSlow(f"the pipeline took longer than {seconds:g} s")
                answer: Rendered | DarkroomError | OSError | None = self._connection.recv()
        except (EOFError, ConnectionError):
            raise ProcessDied("the process that worked on the image died of it") from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        """End it, at once."""
        with suppress(OSError):
            self._connection.close()
        self._process.kill()
        self._process.wait()


@contextmanager
def _in_shared_memory(task: RenderTask) -> Iterator[RenderTask]:
    """The task with a large image as a file in memory: a socket takes only 200 KB at a time.

    Where there are no such files (anything but Linux), it stays as it is.
    """
    if isinstance(task.source, Path) or len(task.source) < _LARGE or not hasattr(os, "memfd_create"):
        yield task
        return
    with os.fdopen(os.memfd_create("image"), "wb") as file:
        file.write(task.source)
        file.flush()
        yield replace(task, source=Path(f"/proc/{os.getpid()}/fd/{file.fileno()}"))


class RenderPool:
    """`processes` renderings at once, `waiting` more in line; each has `seconds`, and `memory` bytes."""

    def __init__(self, processes: int, waiting: int, seconds: float, memory: int) -> None:
        self._threads = WorkerPool("process", processes, waiting)
        self._most = processes + waiting
        self._under_way = 0
        self._seconds = seconds
        self._memory = memory
        self._idle: deque[_Child] = deque()

    def start(self) -> None:
        """Have one process ready before it is asked for; others come when they are needed."""
        self._idle.append(_Child(self._memory))

    def check_room(self) -> None:
        """Raise TooManyRequests when the line is full, before a body is read for nothing."""
        if self._under_way >= self._most:
            raise TooManyRequests(
                "too much work is waiting", code="too_much_work", headers={"Retry-After": "1"}
            )

    async def run(self, task: RenderTask) -> Rendered | None:
        """What the task gives. Raises what `render` raises, TooManyRequests, ProcessDied, TooSlow."""
        self._under_way += 1
        try:
            return await self._threads.run(self._run, task)
        finally:
            self._under_way -= 1

    async def close(self) -> None:
        """Finish what runs, drop what waits, end the processes."""
        await self._threads.close()
        while self._idle:
            self._idle.pop().close()

    def _run(self, task: RenderTask) -> Rendered | None:
        try:
            child = self._idle.pop()
        except IndexError:
            child = _Child(self._memory)
        try:
            answer = child.ask(task, self._seconds)
        except (ProcessDied, TooSlow):
            child.close()
            raise
        except BaseException:
            self._idle.append(child)
            raise
        self._idle.append(child)
        return answer
