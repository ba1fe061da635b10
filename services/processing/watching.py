"""Watch: waits until a row is as it is wanted, woken by commits here and by those of other replicas."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from shared.database import Database
from shared.web.drain import Drain

T = TypeVar("T")
GATHER_SECONDS = 0.01  # under load one look stands for several commits


class Watch:
    """For long polls. `poll_seconds`: how soon commits of other processes are seen."""

    def __init__(self, database: Database, drain: Drain, poll_seconds: float) -> None:
        self._database = database
        self._drain = drain
        self._poll = poll_seconds

    async def until(
        self, load: Callable[[], Awaitable[T]], reached: Callable[[T], bool], seconds: float
    ) -> T:
        """What `load` gives once `reached`, or as it is after so many seconds, or when the service ends."""
        changed = asyncio.Event()
        stop = self._database.on_commit(changed.set)
        end = asyncio.get_running_loop().time() + seconds
        try:
            while True:
                changed.clear()
                found = await load()
                left = end - asyncio.get_running_loop().time()
                if reached(found) or left <= 0 or self._drain.started:
                    return found
                with suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), min(left, self._poll))
                    await asyncio.sleep(GATHER_SECONDS)
        finally:
            stop()
