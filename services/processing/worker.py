"""What a Dask worker does: a few items one after the other, blobs in, blobs out.

Only keys and figures pass through the scheduler; this module is imported by every worker.
"""

import errno
import hashlib
import os
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from threading import Timer
from typing import Any, Literal

from services.processing.limits import PipelineLimits
from services.processing.pipeline import Pipeline, read_pipeline
from services.processing.render import Output, render
from shared.blobs import BlobStore, open_blobs
from shared.errors import DarkroomError, InsufficientStorage, Unavailable
from shared.logging import get_logger
from shared.web.allocator import keep_freed_memory

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
log = get_logger("worker")
OutcomeState = Literal["finished", "failed", "unstarted", "away"]


@dataclass(frozen=True, slots=True)
class Task:
    """One item: where its bytes are, what to do with them, and where the result goes."""

    index: int
    run: int
    pipeline: str
    original_key: str
    result_key: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Items of one job for one worker, with all that they have in common. Times in seconds.

    After `batch_seconds` no further item is begun: the rest comes back `unstarted`.
    """

    tasks: tuple[Task, ...]
    output: Output
    limits: PipelineLimits
    blobs_url: str
    staging: str
    item_seconds: float
    batch_seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an item. `away`: the blob store did not answer, which is not the item's fault."""

    index: int
    run: int
    state: OutcomeState
    seconds: float = 0.0
    result: dict[str, Any] = field(default_factory=dict)
    error: dict[str, Any] | None = None


def run_batch(batch: Batch) -> list[Outcome]:
    """An outcome for every task, in their order; nothing is raised for what is one image's fault.

    A result is stored while the next item is worked on, and all are, durably, when this returns.
    """
    _prepare()
    blobs = _blobs(batch.blobs_url, batch.staging)
    began = time.monotonic()
    storing: list[Future[Outcome]] = []
    for task in batch.tasks:
        if storing and time.monotonic() - began > batch.batch_seconds:
            storing.append(_at_once(Outcome(task.index, task.run, "unstarted")))
            continue
        storing.append(_begin(batch, task, blobs))
    return [future.result() for future in storing]


def _begin(batch: Batch, task: Task, blobs: BlobStore) -> "Future[Outcome]":
    """Work on one item; its result is on its way to the store."""
    began = time.monotonic()
    try:
        with _at_most(batch.item_seconds):
            pipeline = _pipeline(task.pipeline, batch.limits)
            rendered = render(blobs.read(task.original_key), pipeline, batch.output, batch.limits)
    except Exception as error:  # noqa: BLE001 - an item's fault is its outcome, whatever it is
        return _at_once(_failed(task, error, time.monotonic() - began))
    seconds = time.monotonic() - began
    result = {
        "result_key": task.result_key,
        "result_size": len(rendered.content),
        "result_type": rendered.media_type,
        "width": rendered.width,
        "height": rendered.height,
    }
    return _storing().submit(_store, task, blobs, rendered.content, result, seconds)


def _store(task: Task, blobs: BlobStore, content: bytes, result: dict[str, Any], seconds: float) -> Outcome:
    try:
        result["result_digest"] = hashlib.sha256(content).hexdigest()
        blobs.put(task.result_key, content)
    except Exception as error:  # noqa: BLE001 - as above
        return _failed(task, error, seconds)
    return Outcome(task.index, task.run, "finished", seconds, result)


def _failed(task: Task, error: Exception, seconds: float) -> Outcome:
    if isinstance(error, Unavailable):
        return Outcome(task.index, task.run, "away", seconds)
    return Outcome(task.index, task.run, "failed", seconds, error=_reason(error))


def _reason(error: Exception) -> dict[str, Any]:
    """Why an item failed, as a problem tells it; never a path or a traceback."""
    if isinstance(error, MemoryError):
        return {"code": "out_of_memory", "detail": "the image needs more memory than a worker has"}
    known = error if isinstance(error, DarkroomError) else DarkroomError("nothing here foresaw what happened")
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        known = InsufficientStorage("the disk is full; the result could not be kept")
    elif known is not error:
        log.error("an item crashed", exc_info=error)
    return {"code": known.code, "detail": known.detail or known.title, **known.extra}


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """A worker that is busy with one item for longer ends: nothing else stops a call into C."""
    timer = Timer(seconds, os._exit, (1,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@lru_cache(32)
def _pipeline(text: str, limits: PipelineLimits) -> Pipeline:
    return read_pipeline(text, limits)


@lru_cache(4)
def _blobs(url: str, staging: str) -> BlobStore:
    return open_blobs(url, Path(staging))


@cache
def _prepare() -> None:
    """Once a worker, whoever started it."""
    keep_freed_memory()


@cache
def _storing() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2, thread_name_prefix="store")


def _at_once(outcome: Outcome) -> "Future[Outcome]":
    future: Future[Outcome] = Future()
    future.set_result(outcome)
    return future
