"""`python -m services.processing.render_process SOCKET FILE BYTES`: a process that renders pictures.

It asks for nothing and is asked over a socket by `render_pool`; when that closes, it ends. Both are numbers
of descriptors; the file holds images that are too large for the socket.
"""

import os
import resource
import sys
import zipfile
from collections.abc import Iterable
from multiprocessing.connection import Connection
from pathlib import Path

from services.processing.pipeline import OperationFailed, Pipeline, read_pipeline
from services.processing.render import Rendered, render, render_steps
from services.processing.render_task import RenderTask, Shared
from shared.errors import DarkroomError
from shared.imaging.opencv import cv2
from shared.web.allocator import keep_freed_memory


def perform(task: RenderTask, shared: int = -1) -> Rendered | None:
    """The result; None when the steps are in their ZIP. Raises what `render` raises."""
    if cv2.getNumThreads() != task.threads:
        cv2.setNumThreads(task.threads)
    source = _content(task.source, shared)
    pipeline = read_pipeline(task.pipeline, task.limits)
    if task.steps_to is None:
        return render(source, pipeline, task.output, task.limits)
    _write_zip(task.steps_to, pipeline, render_steps(source, pipeline, task.output, task.limits))
    return None


def _content(source: bytes | Path | Shared, shared: int) -> bytes:
    if isinstance(source, Shared):
        return os.pread(shared, source.size, 0)
    return source.read_bytes() if isinstance(source, Path) else source


def serve(connection: Connection, shared: int) -> None:
    """Say that we are there, then answer: a Rendered, None, or the exception that is the refusal."""
    connection.send(None)
    while True:
        try:
            task: RenderTask = connection.recv()
        except EOFError:
            return
        try:
            answer: Rendered | DarkroomError | OSError | None = perform(task, shared)
        except MemoryError:
            answer = OperationFailed("it needs more memory than a picture may have; resize first")
        except (DarkroomError, OSError) as error:
            answer = error
        connection.send(answer)


def _write_zip(path: Path, pipeline: Pipeline, results: Iterable[Rendered]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for number, (step, result) in enumerate(zip(pipeline, results, strict=True), start=1):
            archive.writestr(f"{number:02}-{step.operation.name}.{result.format}", result.content)


def main() -> None:
    """Serve on the socket, with no more memory than is given."""
    channel, shared, limit = map(int, sys.argv[1:])
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    keep_freed_memory()
    serve(Connection(channel), shared)


if __name__ == "__main__":
    main()
