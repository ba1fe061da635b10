"""The dispatcher without an engine that answers: it ends when it is told to, and starts nothing unneeded."""

import asyncio
from contextlib import suppress

from services.processing.dispatcher import Dispatcher


class SilentEngine:
    """Never there; the first `deaf` cancellations are not heard, as in some of Dask's own waits."""

    def __init__(self, deaf: int = 0) -> None:
        self.asked = asyncio.Event()
        self.ended = 0
        self._deaf = deaf

    async def address(self) -> str:
        """Not before the test is over."""
        self.asked.set()
        for _ in range(self._deaf):
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
        await asyncio.Event().wait()
        return ""

    async def close(self) -> None:
        """Counted."""
        self.ended += 1


class BrokenEngine:
    """Raises at first what nobody foresaw."""

    def __init__(self) -> None:
        self.asked = 0
        self.asked_again = asyncio.Event()

    async def address(self) -> str:
        """At the second time a place where nobody listens."""
        self.asked += 1
        if self.asked == 1:
            raise RuntimeError("ConnectionPool is closed")
        self.asked_again.set()
        return "tcp://127.0.0.1:1"

    async def close(self) -> None:
        """Nothing was started."""


def test_it_goes_on_after_an_error_that_nobody_foresaw() -> None:
    async def work() -> None:
        engine = BrokenEngine()
        dispatcher = Dispatcher(engine)
        dispatcher.start(now=True)
        await engine.asked_again.wait()
        await dispatcher.close()
        assert engine.asked == 2

    asyncio.run(asyncio.wait_for(work(), 30))


def test_it_ends_also_where_a_cancellation_is_swallowed() -> None:
    async def work() -> None:
        engine = SilentEngine(deaf=1)
        dispatcher = Dispatcher(engine)
        dispatcher.start(now=True)
        await engine.asked.wait()
        await dispatcher.close()
        assert engine.ended == 1

    asyncio.run(asyncio.wait_for(work(), 30))


def test_the_engine_is_asked_for_when_it_is_needed() -> None:
    async def work() -> None:
        engine = SilentEngine()
        dispatcher = Dispatcher(engine, idle_seconds=60)
        dispatcher.start(now=False)
        await asyncio.sleep(0.05)
        assert not engine.asked.is_set()
        with dispatcher.needed():
            await engine.asked.wait()
        assert not dispatcher.there.is_set()
        await dispatcher.close()

    asyncio.run(asyncio.wait_for(work(), 30))
