"""Writes of one kind that wait together share one transaction, and its commit: PostgreSQL's group commit.

SQLite has the same for all writes (groups.py). Here it is for those that would wait for one another's row
lock in any case, such as labels of one dataset: a commit each made four clients as slow as one.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")
Work = Callable[[Connection], Any]
TOGETHER = 64  # works in one transaction at the most
_Waiting = tuple[Work, "asyncio.Future[Any]"]


class TogetherWriter:
    """One transaction at a time for each key; what comes in meanwhile is the next one. On the event loop.

    `run` is the way to a thread with a transaction: it returns what its work does, committed.
    """

    def __init__(self, run: Callable[[Callable[[Connection], list[Any]]], Any]) -> None:
        self._run = run
        self._waiting: defaultdict[Hashable, deque[_Waiting]] = defaultdict(deque)
        self._at_work: dict[Hashable, asyncio.Task[None]] = {}

    async def submit(self, key: Hashable, work: Callable[[Connection], T]) -> T:
        """The result of `work`, committed. A caller that is cancelled leaves it to be done."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting[key].append((work, future))
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
            for _, future in waiting:
                future.cancel()

    async def _commit(self, group: Sequence[_Waiting]) -> None:
        """All of them, or, where one raises, each by itself: works see nothing of one that was undone.

        When the commit itself fails nobody knows whether it was done, and nothing is run again.
        """
        are_run = False

        def run(connection: Connection) -> list[Any]:
            nonlocal are_run
            found = [work(connection) for work, _ in group]
            are_run = True
            return found

        try:
            results = await self._run(run)
        except Exception as error:  # noqa: BLE001 - the waiting callers get it
            if are_run or len(group) == 1:
                for _, future in group:
                    _settle(future, None, error)
                return
            for one in group:
                await self._commit([one])
            return
        for (_, future), result in zip(group, results, strict=True):
            _settle(future, result, None)


def _settle(future: "asyncio.Future[Any]", result: Any, error: Exception | None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)
