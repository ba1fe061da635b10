"""One client that labels, and asks for a save after each label without waiting for the one before."""

import asyncio
import time
from collections.abc import Mapping

import aiohttp

PAIRS = 2000
UNDER_WAY = 64


def label_and_save_rate(url: str, headers: Mapping[str, str], dataset: int, rows: int) -> float:
    """Labels a second, each followed by a save that was answered, with up to UNDER_WAY pairs under way."""
    return asyncio.run(_run(url, headers, dataset, rows))


async def _run(url: str, headers: Mapping[str, str], dataset: int, rows: int) -> float:
    room = asyncio.Semaphore(UNDER_WAY)
    connector = aiohttp.TCPConnector(limit=UNDER_WAY)
    async with aiohttp.ClientSession(url, headers=dict(headers), connector=connector) as session:

        async def pair(number: int) -> None:
            row = number * 7919 % rows
            body = {"toggle": ["101"]}
            async with session.patch(f"/v1/datasets/{dataset}/rows/{row}/tags", json=body) as answer:
                revision = (await answer.json())["revision"]
            async with session.post(f"/v1/datasets/{dataset}/save") as answer:
                saved = (await answer.json())["revision"]
            if saved < revision:
                raise RuntimeError(f"a save of {saved} was answered after the label {revision}")
            room.release()

        start = time.perf_counter()
        tasks = []
        for number in range(PAIRS):
            await room.acquire()
            tasks.append(asyncio.create_task(pair(number)))
        await asyncio.gather(*tasks)
        return PAIRS / (time.perf_counter() - start)
