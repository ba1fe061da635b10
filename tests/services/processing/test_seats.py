"""Seats: who works where, who waits for whom, and who is to blame for a dead worker."""

import asyncio

import pytest

from services.processing.seats import Seats, SeatsClosed


def test_batches_are_spread_and_one_waits_in_line() -> None:
    async def work() -> None:
        seats = Seats()
        seats.update({"a": 1, "b": 1})
        taken = [await seats.take(number, alone=False) for number in range(4)]
        assert [seat.address for seat in taken] == ["a", "b", "a", "b"]
        fifth = asyncio.create_task(seats.take(4, alone=False))
        await asyncio.sleep(0)
        assert not fifth.done()
        seats.leave(taken[1], 1)
        assert (await fifth).address == "b"

    asyncio.run(work())


def test_who_was_at_work_is_blamed_and_who_was_in_line_is_not() -> None:
    async def work() -> None:
        seats = Seats()
        seats.update({"a": 1})
        seat = await seats.take("first", alone=False)
        await seats.take("second", alone=False)
        seats.update({})
        assert seat.gone.is_set()
        assert (seat.blames("first"), seat.blames("second")) == (True, False)

    asyncio.run(work())


def test_a_scheduler_that_goes_away_is_nobodys_fault() -> None:
    async def work() -> None:
        seats = Seats()
        seats.update({"a": 1})
        seat = await seats.take("first", alone=False)
        seats.forsake()
        assert seat.gone.is_set()
        assert not seat.blames("first")
        assert seats.addresses == set()

    asyncio.run(work())


def test_who_is_suspected_works_alone_and_is_not_passed_by() -> None:
    async def work() -> None:
        seats = Seats()
        seats.update({"a": 1})
        first = await seats.take("first", alone=False)
        suspect = asyncio.create_task(seats.take("suspect", alone=True))
        later = asyncio.create_task(seats.take("later", alone=False))
        await asyncio.sleep(0)
        assert not suspect.done()
        assert not later.done()  # or the suspect would never come in
        seats.leave(first, "first")
        seat = await suspect
        await asyncio.sleep(0)
        assert not later.done()
        seats.leave(seat, "suspect")
        assert (await later) is seat

    asyncio.run(work())


def test_when_all_is_to_end_nobody_waits_any_more() -> None:
    async def work() -> None:
        seats = Seats()
        waiting = asyncio.create_task(seats.take("waiting", alone=False))
        await asyncio.sleep(0)
        seats.close()
        with pytest.raises(SeatsClosed):
            await waiting
        with pytest.raises(SeatsClosed):
            await seats.take("late", alone=False)

    asyncio.run(work())


def test_who_gives_up_waiting_leaves_nothing_behind() -> None:
    async def work() -> None:
        seats = Seats()
        waiting = asyncio.create_task(seats.take("gone", alone=True))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        seats.update({"a": 1})
        assert (await seats.take("next", alone=False)).line == ["next"]

    asyncio.run(work())
