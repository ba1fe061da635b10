"""Writes of one kind that wait together are one write: PostgreSQL's group commit.

SQLite has the same for all writes (groups.py). Here it is for those that would wait for one another's row
lock in any case, such as labels of one dataset: a commit each made four clients as slow as one.
"""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar, cast

from sqlalchemy import Connection

I = TypeVar("I")  # noqa: E741
S = TypeVar("S")
T = TypeVar("T")
Said = tuple[Sequence[T | Exception], S | None]
Work = Callable[[Connection, Sequence[I], S | None], Said[T, S]]
TOGETHER = 64  # items in one transaction at the most
COME_BACK_SECONDS = 0.001  # a fraction of what a transaction takes
KEYS = 32  # whose last transaction is known
_Waiting = tuple[Any, "asyncio.Future[Any]", Work[Any, Any, Any]]


class TogetherWriter:
    """One transaction at a time for each key; what comes in meanwhile is the next one. On the event loop.

    A transaction may leave something to the key's next one, which gets it only if it was committed.
    `run` is the way to a thread with a connection, where each statement is a transaction (see `whole`).
    """

    def __init__(self, run: Callable[[Callable[[Connection], Said[Any, Any]]], Any]) -> None:
        self._run = run
        self._left: dict[Hashable, Any] = {}
        self._waiting: defaultdict[Hashable, deque[_Waiting]] = defaultdict(deque)
        self._at_work: dict[Hashable, asyncio.Task[None]] = {}

    async def submit(self, key: Hashable, item: I, work: Work[I, S, T]) -> T:
        """What `work` says of the item, committed. A caller that is cancelled leaves it to be done."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting[key].append((item, future, work))
        if key not in self._at_work:
            self._at_work[key] = asyncio.create_task(self._drain(key))
        return await future

    async def _drain(self, key: Hashable) -> None:
        waiting = self._waiting[key]
        try:
            while waiting:
                group = [waiting.popleft() for _ in range(min(len(waiting), TOGETHER))]
                await self._commit(key, group)
                await _come_back(waiting, min(len(group) + len(waiting), TOGETHER))
        finally:
            del self._waiting[key], self._at_work[key]
            for _, future, _ in waiting:
                future.cancel()

    async def _commit(self, key: Hashable, group: Sequence[_Waiting]) -> None:
        """What is raised undid all of them, or left it unknown whether they are done: all are told."""
        work = group[0][2]
        items = [item for item, _, _ in group]
        left = self._left.pop(key, None)
        try:
            said, left = await self._run(lambda connection: work(connection, items, left))
        except Exception as error:  # noqa: BLE001 - the waiting callers get it
            said, left = [error] * len(group), None
        if left is not None:
            self._left[key] = left
            if len(self._left) > KEYS:
                del self._left[next(iter(self._left))]
        for (_, future, _), one in zip(group, said, strict=True):
            if future.done():
                continue
            if isinstance(one, Exception):
                future.set_exception(one)
            else:
                future.set_result(one)


def whole(connection: Connection) -> AbstractContextManager[object]:
    """One transaction for what a work of several statements does: by themselves they are one each.

    On SQLite a work is in a transaction in any case.
    """
    if connection.dialect.name == "sqlite":
        return nullcontext()
    driver: Any = connection.connection.driver_connection
    return cast("AbstractContextManager[object]", driver.transaction())


async def _come_back(waiting: Sequence[object], expected: int) -> None:
    """Who was answered mostly has the next item soon: a commit for all of them is worth a moment's wait.

    Who is alone does not wait. The loop turns meanwhile; its timers are too coarse for this.
    """
    end = time.perf_counter() + COME_BACK_SECONDS
    while 0 < len(waiting) < expected and time.perf_counter() < end:  # noqa: ASYNC110
        await asyncio.sleep(0)
