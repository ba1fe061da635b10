"""A cache whose entries are believed for a moment only."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class BriefCache(Generic[K, V]):
    """Remembers what `load` returned for `seconds`; several askers of one key share one load.

    At most `size` entries: when it is full, all are forgotten, which costs one load each.
    """

    def __init__(self, load: Callable[[K], Awaitable[V]], seconds: float, size: int = 10_000) -> None:
        self._load = load
        self._seconds = seconds
        self._size = size
        self._known: dict[K, tuple[float, V]] = {}
        self._loading: dict[K, asyncio.Task[V]] = {}

    async def get(self, key: K) -> V:
        """What `load` returns for the key, at most `seconds` old."""
        known = self._known.get(key)
        if known is not None and asyncio.get_running_loop().time() < known[0]:
            return known[1]
        task = self._loading.get(key)
        if task is None:
            task = asyncio.ensure_future(self._fill(key))
            self._loading[key] = task
            task.add_done_callback(lambda done: self._forget(key, done))
        return await asyncio.shield(task)  # one asker that gives up must not fail the others

    def clear(self) -> None:
        """Forget everything, also what is being loaded just now."""
        self._known.clear()
        self._loading.clear()

    async def _fill(self, key: K) -> V:
        expires = asyncio.get_running_loop().time() + self._seconds  # counted from before the look
        value = await self._load(key)
        if self._loading.get(key) is asyncio.current_task():
            if len(self._known) >= self._size:
                self._known.clear()
            self._known[key] = (expires, value)
        return value

    def _forget(self, key: K, task: "asyncio.Task[V]") -> None:
        if self._loading.get(key) is task:
            del self._loading[key]
        if not task.cancelled():
            task.exception()  # the askers have it; nobody else is to be told
