"""Writes of one kind that wait together are one write: PostgreSQL's group commit.

SQLite has the same for all writes (groups.py). Here it is for those that would wait for one another's row
lock in any case, such as labels of one dataset: a commit each made four clients as slow as one.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection

I = TypeVar("I")  # noqa: E741
T = TypeVar("T")
Work = Callable[[Connection, Sequence[I]], Sequence[T | Exception]]
TOGETHER = 64  # items in one transaction at the most
_Waiting = tuple[Any, "asyncio.Future[Any]", Work[Any, Any]]


class TogetherWriter:
    """One transaction at a time for each key; what comes in meanwhile is the next one. On the event loop.

    `run` is the way to a thread with a transaction: it returns what its work does, committed.
    """

    def __init__(self, run: Callable[[Callable[[Connection], Sequence[Any]]], Any]) -> None:
        self._run = run
        self._waiting: defaultdict[Hashable, deque[_Waiting]] = defaultdict(deque)
        self._at_work: dict[Hashable, asyncio.Task[None]] = {}

    async def submit(self, key: Hashable, item: I, work: Work[I, T]) -> T:
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
                await self._commit(group)
        finally:
            del self._waiting[key], self._at_work[key]
            for _, future, _ in waiting:
                future.cancel()

    async def _commit(self, group: Sequence[_Waiting]) -> None:
        """What is raised undid all of them, or left it unknown whether they are done: all are told."""
        work = group[0][2]
        items = [item for item, _, _ in group]
        try:
            said = await self._run(lambda connection: work(connection, items))
        except Exception as error:  # noqa: BLE001 - the waiting callers get it
            said = [error] * len(group)
        for (_, future, _), one in zip(group, said, strict=True):
            if future.done():
                continue
            if isinstance(one, Exception):
                future.set_exception(one)
            else:
                future.set_result(one)
