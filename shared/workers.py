"""A bounded pool of threads for work that blocks or computes: off the event loop, and never piling up."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, ParamSpec, TypeVar

from shared.errors import TooManyRequests, Unavailable

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(slots=True)
class _Call:
    work: Callable[..., Any]
    args: tuple[Any, ...]
    named: dict[str, Any]
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Any]"
    result: Any = None
    error: BaseException | None = None


class WorkerPool:
    """`threads` calls at once, `waiting` more in line; beyond that callers are told to come back.

    Its own threads rather than an executor's: those make two futures and six locks for every call, which
    is a tenth of what an upload costs.
    """

    def __init__(self, name: str, threads: int, waiting: int) -> None:
        self._name = name
        self._room = threads + waiting
        self._size, self._waiting = threads, waiting
        self._closed = False
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    @property
    def has_free_thread(self) -> bool:
        """Whether a call would begin at once."""
        return self._room > self._waiting

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `work` in one of the threads. Raises TooManyRequests when the line is full.

        A caller that is cancelled leaves work that has begun to its end, and its place taken until then.
        """
        if self._room <= 0:
            raise TooManyRequests(
                "too much work is waiting", code="too_much_work", headers={"Retry-After": "1"}
            )
        if self._closed:
            raise Unavailable("this is about to stop", headers={"Retry-After": "1"})
        if not self._threads:
            self._start()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._room -= 1
        self._calls.put(_Call(work, args, kwargs, loop, future))
        return await future

    async def close(self, *, drop: bool = True) -> None:
        """Finish what runs; what only waits is dropped, or done with `drop` False."""
        self._closed = True
        with suppress(Empty):
            while drop:
                call = self._calls.get_nowait()
                if call is not None:
                    call.future.cancel()
        for _ in self._threads:
            self._calls.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)

    def _start(self) -> None:
        for number in range(self._size):
            thread = threading.Thread(target=self._work, name=f"{self._name}_{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            if not call.future.cancelled():
                try:
                    call.result = call.work(*call.args, **call.named)
                except BaseException as error:  # noqa: BLE001 - it is the caller's, who gets it
                    call.error = error
            with suppress(RuntimeError):  # the loop is closed: nobody waits there any more
                call.loop.call_soon_threadsafe(self._settle, call)
            del call

    def _settle(self, call: _Call) -> None:
        self._room += 1
        if call.future.done():
            return
        if call.error is not None:
            call.future.set_exception(call.error)
        else:
            call.future.set_result(call.result)
