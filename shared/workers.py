"""A bounded pool of threads for work that blocks or computes: off the event loop, and never piling up."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from shared.errors import TooManyRequests

P = ParamSpec("P")
T = TypeVar("T")


class WorkerPool:
    """`threads` calls at once, `waiting` more in line; beyond that callers are told to come back."""

    def __init__(self, name: str, threads: int, waiting: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._room = threads + waiting

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `work` in one of the threads. Raises TooManyRequests when the line is full."""
        if self._room <= 0:
            raise TooManyRequests(
                "too much work is waiting", code="too_much_work", headers={"Retry-After": "1"}
            )
        self._room -= 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._executor, lambda: work(*args, **kwargs))
        finally:
            self._room += 1

    async def close(self) -> None:
        """Finish what runs; what only waits is dropped."""
        await asyncio.to_thread(self._executor.shutdown, cancel_futures=True)
