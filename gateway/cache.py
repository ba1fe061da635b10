"""A cache whose entries are believed for a moment only."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class BriefCache(Generic[K, V]):
    """Remembers what `load` returned, for `seconds` at the most; askers of one key share one load.

    From half that time on a load runs in the background, so that nobody waits for what is in use: a
    thread beside a busy event loop needs tens of milliseconds even for a short query.
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
        if known is None:
            return await asyncio.shield(self._start(key))  # one asker that gives up fails no other
        age = asyncio.get_running_loop().time() - known[0]
        if age >= self._seconds:
            return await asyncio.shield(self._start(key))
        if age >= self._seconds / 2:
            self._start(key)
        return known[1]

    def clear(self) -> None:
        """Forget everything, also what is being loaded just now."""
        self._known.clear()
        self._loading.clear()

    def _start(self, key: K) -> asyncio.Task[V]:
        task = self._loading.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._fill(key))
            self._loading[key] = task
            task.add_done_callback(lambda done: self._forget(key, done))
        return task

    async def _fill(self, key: K) -> V:
        since = asyncio.get_running_loop().time()  # before the look: what changes meanwhile is not in it
        value = await self._load(key)
        if self._loading.get(key) is asyncio.current_task():
            if len(self._known) >= self._size:
                self._known.clear()
            self._known[key] = (since, value)
        return value

    def _forget(self, key: K, task: asyncio.Task[V]) -> None:
        if self._loading.get(key) is task:
            del self._loading[key]
        if not task.cancelled():
            task.exception()  # the askers have it; nobody else is to be told
