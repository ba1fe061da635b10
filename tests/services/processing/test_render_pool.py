"""Rendering processes: what kills or stalls one harms no other, and none is left over."""

import asyncio
import os
import signal
import threading

import pytest

from services.processing import render_pool
from services.processing.render import Rendered
from services.processing.render_pool import ProcessDied, RenderPool
from services.processing.render_process import RenderTask
from shared.imaging import BrokenImage
from tests import process_tree
from tests.scripts.stack_process import wait_until
from tests.services.processing.pictures import photo, png

FLIP = '[{"operation": "flip"}]'
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


@pytest.mark.parametrize(("taken", "expected"), [(False, [3, 1]), (True, [1, 1])])
def test_one_that_is_alone_has_all_cores(
    monkeypatch: pytest.MonkeyPatch, taken: bool, expected: list[int]
) -> None:
    given: list[int] = []
    both = threading.Barrier(2)
    ask = render_pool._Child.ask

    def watched(child: render_pool._Child, task: RenderTask, seconds: float) -> Rendered | None:
        given.append(task.threads)
        both.wait(20)
        return ask(child, task, seconds)

    async def work() -> None:
        monkeypatch.setattr(render_pool._Child, "ask", watched)
        pool = RenderPool(3, 4, 60, MEMORY, cores_are_taken=lambda: taken)
        first = asyncio.create_task(pool.run(RenderTask(png(photo()), FLIP)))
        await asyncio.to_thread(wait_until, lambda: len(given) == 1)
        assert await pool.run(RenderTask(png(photo()), FLIP))
        assert await first
        await pool.close()

    asyncio.run(work())
    assert given == expected


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
