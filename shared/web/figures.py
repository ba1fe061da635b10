"""What every deployable tells of itself: whether it is ready, and how full its disk is."""

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path

from shared.figures import Figure
from shared.web.health import Check, run_check


async def readiness_figures(checks: Mapping[str, Check]) -> list[Figure]:
    """Each check of `/readyz`: 1 where it is ok."""
    states = await asyncio.gather(*(run_check(name, check) for name, check in checks.items()))
    told = "1 where the check of /readyz is ok"
    return [
        Figure("darkroom_ready", told, state == "ok", {"check": name})
        for name, state in zip(checks, states, strict=True)
    ]


async def disk_figures(folder: Path) -> list[Figure]:
    """The file system that the folder is on, in bytes; free is what its owner may still write."""
    found = await asyncio.to_thread(shutil.disk_usage, folder)
    return [
        Figure("darkroom_disk_free_bytes", "Free on the data folder's file system", found.free),
        Figure("darkroom_disk_size_bytes", "The size of the data folder's file system", found.total),
    ]
