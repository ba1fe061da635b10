"""Draining: the moment from which an app finishes what it has and takes nothing new."""

import asyncio


class Drain:
    """Set once, by the server, on the signal to end; open-ended answers watch it."""

    def __init__(self) -> None:
        self.started = False
        self._event = asyncio.Event()

    def start(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Begin to drain; callable from a signal handler when the loop is given."""
        self.started = True
        if loop is None:
            self._event.set()
        else:
            loop.call_soon_threadsafe(self._event.set)

    async def wait(self) -> None:
        """Return when draining has begun."""
        await self._event.wait()
