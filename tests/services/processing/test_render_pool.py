"""Rendering processes: what kills or stalls one harms no other, and none is left over."""

import asyncio
import os
import signal

import pytest

from services.processing.render_pool import ProcessDied, RenderPool, threads_for
from services.processing.render_task import RenderTask
from shared.imaging import BrokenImage
from tests import process_tree
from tests.scripts.stack_process import wait_until
from tests.services.processing.pictures import photo, png

FLIP = '[{"operation": "flip"}]'
DENOISE = '[{"operation": "denoise"}]'
SLOW = '[{"operation": "denoise", "parameters": {"search": 101}}]'
MEMORY = 2 << 30


def children() -> set[int]:
    """The processes that this one has started, and that live."""
    return set(process_tree.children(os.getpid()))


def renderers(before: set[int]) -> list[int]:
    """Those of them that render."""
    return list(children() - before)


def test_a_killed_process_fails_its_picture_alone() -> None:
    async def work() -> None:
        before = children()
        pool = RenderPool(1, 4, 60, MEMORY)
        first = asyncio.create_task(pool.run(RenderTask(png(photo()), SLOW)))
        second = asyncio.create_task(pool.run(RenderTask(png(photo()), FLIP)))
        await asyncio.sleep(0.5)
        (child,) = renderers(before)
        os.kill(child, signal.SIGKILL)
        with pytest.raises(ProcessDied):
            await first
        result = await second
        assert result is not None
        assert (result.width, result.height) == (600, 400)
        (again,) = renderers(before)
        assert again != child
        await pool.close()
        assert renderers(before) == []

    asyncio.run(work())


@pytest.mark.parametrize(
    ("processes", "under_way", "taken", "share"),
    [
        (3, 1, False, 3),
        (3, 2, False, 1),
        (4, 2, False, 2),
        (2, 5, False, 1),
        (2, 0, False, 2),
        (3, 1, True, 1),
    ],
)
def test_those_under_way_share_the_threads(processes: int, under_way: int, taken: bool, share: int) -> None:
    assert threads_for(processes, under_way, cores_are_taken=taken) == share


def test_one_that_is_alone_has_all_cores_unless_they_are_taken() -> None:
    async def threads(*, taken: bool) -> int:
        before = children()
        pool = RenderPool(3, 4, 60, MEMORY, cores_are_taken=lambda: taken)
        assert await pool.run(RenderTask(png(photo()), DENOISE))
        (child,) = renderers(before)
        found = process_tree.threads(child)
        await pool.close()
        return found

    async def work() -> None:
        assert await threads(taken=False) == await threads(taken=True) + 2

    asyncio.run(work())


def test_a_refusal_costs_no_process() -> None:
    async def work() -> None:
        before = children()
        pool = RenderPool(1, 4, 60, MEMORY)
        assert await pool.run(RenderTask(png(photo()), FLIP))
        kept = renderers(before)
        for _ in range(2):
            with pytest.raises(BrokenImage):
                await pool.run(RenderTask(png(photo())[:3000], FLIP))
        assert await pool.run(RenderTask(png(photo()), FLIP))
        assert renderers(before) == kept
        assert len(kept) == 1
        await pool.close()

    asyncio.run(work())


def test_a_process_ends_with_its_service() -> None:
    async def work() -> None:
        before = children()
        pool = RenderPool(2, 4, 60, MEMORY)
        results = await asyncio.gather(*[pool.run(RenderTask(png(photo()), FLIP)) for _ in range(6)])
        assert len({result.content for result in results if result}) == 1
        assert 1 <= len(renderers(before)) <= 2
        for child in pool._idle:
            child._connection.close()  # as the kernel does for a service that is killed
            assert await asyncio.to_thread(child._process.wait, 20) == 0
        await pool.close()
        assert renderers(before) == []

    asyncio.run(work())


def test_processes_go_when_nothing_is_asked_for() -> None:
    async def work() -> None:
        before = children()
        pool = RenderPool(1, 4, 60, MEMORY, idle_seconds=0.1)
        for _ in range(2):
            assert await pool.run(RenderTask(png(photo()), FLIP))
            assert len(renderers(before)) == 1
            await asyncio.to_thread(wait_until, lambda: renderers(before) == [])
        await pool.close()

    asyncio.run(asyncio.wait_for(work(), 30))


def test_closing_does_not_wait_for_what_takes_long() -> None:
    async def work() -> None:
        before = children()
        pool = RenderPool(1, 4, 60, MEMORY)
        slow = asyncio.create_task(pool.run(RenderTask(png(photo()), SLOW)))
        await asyncio.to_thread(wait_until, lambda: bool(renderers(before)))
        await pool.close()
        with pytest.raises(ProcessDied):
            await slow
        assert renderers(before) == []

    asyncio.run(asyncio.wait_for(work(), 30))
