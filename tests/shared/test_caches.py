"""Caches: bounded, kept over a restart, and computed once."""

import asyncio
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from shared.blobs import STAGING
from shared.caches import ByteCache, FileCache, SingleFlight
from shared.errors import TooManyRequests, Unavailable
from shared.workers import WorkerPool
from tests.gateway.serving import wait_until


def files(folder: Path) -> dict[str, int]:
    """What lies in a cache's folder: sizes by path."""
    return {
        str(path.relative_to(folder)): path.stat().st_size for path in folder.rglob("*") if path.is_file()
    }


def test_bytes_in_memory_are_bounded_and_the_longest_unused_go() -> None:
    cache = ByteCache(100)
    for key in "abcd":
        cache.put(key, key.encode() * 25)
    assert cache.get("a") == b"a" * 25
    cache.put("e", b"e" * 25)
    assert [cache.get(key) is not None for key in "abcde"] == [True, False, True, True, True]
    cache.put("large", b"x" * 26)
    assert cache.get("large") is None
    assert cache.get("a") is not None


def test_files_are_bounded_and_the_longest_unused_go(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "cache", 100)
    for key in ("1/a", "1/b", "2/c", "d"):
        cache.put(key, key[-1].encode() * 25)
    assert cache.get("1/a") == b"a" * 25
    cache.put("e", b"e" * 40)
    assert files(tmp_path / "cache") == {"1/a": 25, "d": 25, "e": 40}
    assert [cache.holds(key) for key in ("1/a", "1/b", "d", "f")] == [True, False, True, False]
    cache.put("f", b"f" * 101)
    assert cache.get("f") is None
    assert cache.get("e") == b"e" * 40
    cache.put("e", b"E" * 41)
    assert cache.get("e") == b"E" * 41


def test_files_outlive_a_restart_within_the_capacity_of_then(tmp_path: Path) -> None:
    first = FileCache(tmp_path / "cache", 1000)
    for number in range(8):
        first.put(f"{number}", bytes([number]) * 100)
        (tmp_path / "cache" / f"{number}").touch()
    again = FileCache(tmp_path / "cache", 1000)
    assert again.get("0") == bytes([0]) * 100
    smaller = FileCache(tmp_path / "cache", 300)
    left = files(tmp_path / "cache")
    assert sum(left.values()) == 300
    assert all(smaller.get(key) == bytes([int(key)]) * 100 for key in left)
    tiny = FileCache(tmp_path / "cache", 50)
    assert tiny.get("7") is None
    assert files(tmp_path / "cache") == {}


def test_a_file_that_somebody_removed_is_only_missing(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "cache", 100)
    cache.put("a", b"a" * 60)
    (tmp_path / "cache/a").unlink()
    assert cache.get("a") is None
    cache.put("b", b"b" * 60)
    cache.put("a", b"c" * 30)
    assert (cache.get("a"), cache.get("b")) == (b"c" * 30, b"b" * 60)


def test_a_cache_that_cannot_write_is_only_slower(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "cache", 100)
    (tmp_path / "cache/x").write_bytes(b"in the way")
    cache.put("x/a", b"a")
    assert cache.get("x/a") is None
    assert list((tmp_path / "cache" / STAGING).iterdir()) == []


def test_who_asks_for_the_same_at_once_shares_one_computation() -> None:
    async def run() -> None:
        flights: SingleFlight[int] = SingleFlight()
        calls, go_on = [], asyncio.Event()

        async def compute() -> int:
            calls.append(1)
            await go_on.wait()
            return 7

        waiting = [asyncio.create_task(flights.do("a", compute)) for _ in range(10)]
        other = asyncio.create_task(flights.do("b", compute))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert len(calls) == 2
        waiting[0].cancel()
        go_on.set()
        assert await asyncio.gather(*waiting[1:], other) == [7] * 10
        assert waiting[0].cancelled()
        assert await flights.do("a", compute) == 7
        assert len(calls) == 3

    asyncio.run(run())


def test_a_computation_that_fails_fails_for_all_and_is_tried_again() -> None:
    async def run() -> None:
        flights: SingleFlight[int] = SingleFlight()
        calls = []

        async def compute() -> int:
            calls.append(1)
            await asyncio.sleep(0)
            if len(calls) == 1:
                raise ValueError("once")
            return 7

        results = await asyncio.gather(*(flights.do("a", compute) for _ in range(5)), return_exceptions=True)
        assert [str(result) for result in results] == ["once"] * 5
        assert len(calls) == 1
        assert await flights.do("a", compute) == 7

    asyncio.run(run())


def test_work_is_bounded_and_what_is_too_much_is_told_to_come_back() -> None:
    async def run() -> None:
        pool = WorkerPool("test", threads=2, waiting=1)
        go_on, running = asyncio.Event(), []
        loop = asyncio.get_running_loop()

        def work(number: int) -> int:
            running.append(number)
            asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result()
            return number

        tasks = [asyncio.create_task(pool.run(work, number)) for number in range(3)]
        await asyncio.to_thread(wait_until, lambda: len(running) == 2)
        with pytest.raises(TooManyRequests) as refusal:
            await pool.run(work, 9)
        assert (refusal.value.code, refusal.value.headers) == ("too_much_work", {"Retry-After": "1"})
        go_on.set()
        assert await asyncio.gather(*tasks) == [0, 1, 2]
        assert await pool.run(work, 4) == 4
        await pool.close()

    asyncio.run(run())


def test_work_whose_caller_has_gone_keeps_its_place_to_its_end() -> None:
    async def run() -> None:
        pool = WorkerPool("test", threads=1, waiting=1)
        entered, go_on, done = threading.Event(), threading.Event(), []

        def work() -> None:
            entered.set()
            assert go_on.wait(20)
            done.append(1)

        running, waiting = asyncio.create_task(pool.run(work)), asyncio.create_task(pool.run(work))
        await asyncio.to_thread(entered.wait, 20)
        for task in (running, waiting):
            task.cancel()
        await asyncio.gather(running, waiting, return_exceptions=True)
        with pytest.raises(TooManyRequests):
            await pool.run(work)
        go_on.set()
        answer = None
        while answer is None:
            with suppress(TooManyRequests):
                answer = await pool.run(lambda: 7)
            await asyncio.sleep(0.01)
        assert answer == 7
        assert done == [1]  # what only waited was dropped
        await pool.close()
        with pytest.raises(Unavailable):
            await pool.run(work)

    asyncio.run(run())


def test_what_waits_is_dropped_when_the_pool_closes() -> None:
    async def run() -> None:
        pool = WorkerPool("test", threads=1, waiting=5)
        entered, go_on = threading.Event(), threading.Event()

        def work() -> int:
            entered.set()
            assert go_on.wait(20)
            return 1

        tasks = [asyncio.create_task(pool.run(work)) for _ in range(3)]
        await asyncio.to_thread(entered.wait, 20)
        closing = asyncio.create_task(pool.close())
        await asyncio.sleep(0)
        go_on.set()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        await closing
        assert results[0] == 1
        assert [type(result) for result in results[1:]] == [asyncio.CancelledError] * 2

    asyncio.run(run())


def test_work_that_fails_makes_room_again() -> None:
    async def run() -> None:
        pool = WorkerPool("test", threads=1, waiting=0)
        for _ in range(5):
            with pytest.raises(ZeroDivisionError):
                await pool.run(lambda: 1 // 0)
        assert await pool.run(lambda: 1) == 1
        await pool.close()

    asyncio.run(run())
