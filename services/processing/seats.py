"""Seats: which worker takes which batch next. Pure bookkeeping, on the event loop, without Dask.

A worker has one batch at work a thread, and one more in line, so that it never waits for us. When it dies,
those at work are to blame, and those in line are not. Who is suspected works alone.
"""

import asyncio
import time
from collections import deque
from collections.abc import Mapping

IN_LINE = 1


class Seat:
    """A worker and its batches, in the order in which it works on them."""

    def __init__(self, address: str, threads: int) -> None:
        self.address = address
        self.threads = threads
        self.line: list[object] = []
        self.taken_alone = False
        self.gone = asyncio.Event()
        self._began: dict[object, float] = {}
        self._blamed: list[object] = []

    def fits(self, *, alone: bool) -> bool:
        """Whether one more batch may come."""
        if self.taken_alone or (alone and self.line):
            return False
        return len(self.line) < self.threads + IN_LINE

    def join(self, ticket: object) -> None:
        """A batch comes into the line."""
        self.line.append(ticket)
        self._note()

    def leave(self, ticket: object) -> None:
        """A batch is through, or lost."""
        if ticket in self.line:
            self.line.remove(ticket)
        self._began.pop(ticket, None)
        if not self.line:
            self.taken_alone = False
        self._note()

    def seconds(self, ticket: object) -> float:
        """How long the worker has been at the batch; 0 for one in line."""
        began = self._began.get(ticket)
        return 0.0 if began is None else time.monotonic() - began

    def _note(self) -> None:
        for ticket in self.line[: self.threads]:
            self._began.setdefault(ticket, time.monotonic())

    def bury(self) -> None:
        """The worker is dead: what it was working on is to blame."""
        if not self.gone.is_set():
            self._blamed = self.line[: self.threads]
            self.gone.set()

    def blames(self, ticket: object) -> bool:
        """Whether the worker was at this batch when it died."""
        return ticket in self._blamed


class SeatsClosed(Exception):
    """Raised for who waits for a seat, or asks for one, when there will be no more."""


class Seats:
    """All workers' seats; those who wait for one are served in the order in which they came."""

    def __init__(self) -> None:
        self._seats: dict[str, Seat] = {}
        self._waiting: deque[tuple[bool, object, asyncio.Future[Seat]]] = deque()
        self._closed = False

    @property
    def addresses(self) -> set[str]:
        """The workers there are."""
        return set(self._seats)

    @property
    def room(self) -> int:
        """How many batches all workers together take."""
        return sum(seat.threads + IN_LINE for seat in self._seats.values())

    async def take(self, ticket: object, *, alone: bool) -> Seat:
        """A seat, with the ticket in its line; waits for one to be free. Raises SeatsClosed."""
        if self._closed:
            raise SeatsClosed
        future: asyncio.Future[Seat] = asyncio.get_running_loop().create_future()
        self._waiting.append((alone, ticket, future))
        self._serve()
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.leave(future.result(), ticket)
            else:
                self._waiting = deque(one for one in self._waiting if one[2] is not future)
                self._serve()
            raise

    def leave(self, seat: Seat, ticket: object) -> None:
        """The batch is through, or lost."""
        seat.leave(ticket)
        self._serve()

    def update(self, workers: Mapping[str, int]) -> None:
        """The workers that there are now, with their threads. Those that are no longer there are buried."""
        for address in self._seats.keys() - workers.keys():
            self._seats.pop(address).bury()
        for address, threads in workers.items():
            if address not in self._seats:
                self._seats[address] = Seat(address, threads)
        self._serve()

    def forsake(self) -> None:
        """The scheduler is gone: nobody is to blame."""
        for seat in self._seats.values():
            seat.gone.set()
        self._seats.clear()

    def close(self) -> None:
        """No more seats are given."""
        self._closed = True
        for _, _, future in self._waiting:
            if not future.done():
                future.set_exception(SeatsClosed())
        self._waiting.clear()

    def remove(self, seat: Seat) -> None:
        """The worker is known to be dead."""
        if self._seats.get(seat.address) is seat:
            del self._seats[seat.address]
        seat.bury()

    def _serve(self) -> None:
        """First come, first served: also one who needs a worker alone, or it would wait for ever."""
        while self._waiting:
            alone, ticket, future = self._waiting[0]
            if not future.done():
                free = [seat for seat in self._seats.values() if seat.fits(alone=alone)]
                if not free:
                    return
                seat = min(free, key=lambda one: len(one.line))
                seat.join(ticket)
                seat.taken_alone = alone
                future.set_result(seat)
            self._waiting.popleft()
