"""Threads for cameras: a few for each, and none that waits for another camera's."""

import asyncio
import threading

import pytest

from services.sdcard.camera_errors import CameraBusy
from services.sdcard.camera_threads import CameraThreads


def test_one_that_hangs_holds_up_no_other() -> None:
    asyncio.run(_hang())


async def _hang() -> None:
    threads = CameraThreads(2, 1)
    go = threading.Event()
    hanging = [asyncio.ensure_future(threads.run("stuck", go.wait)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(CameraBusy):
        await threads.run("stuck", go.wait)
    assert await threads.run("well", lambda: 7) == 7
    hanging[2].cancel()
    go.set()
    assert await asyncio.gather(*hanging[:2]) == [True, True]
    with pytest.raises(ZeroDivisionError):
        await threads.run("stuck", lambda: 1 // 0)
    await threads.close()
