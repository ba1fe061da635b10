"""Engines: where the Dask scheduler is, either given or in a process of our own (see cluster.py)."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
END_SECONDS = 2.0
# Python's own tracker of semaphores complains when we leave at once, which is on purpose.
QUIET = {"PYTHONWARNINGS": "ignore:resource_tracker:UserWarning"}


@dataclass(frozen=True, slots=True)
class Tls:
    """How a scheduler at tls:// is met: the authority that signed its certificate, and ours with its key."""

    ca: Path
    cert: Path | None = None
    key: Path | None = None


class Engine(Protocol):
    """Has a scheduler's address."""

    async def address(self) -> str:
        """Where the scheduler is, once it is there. Raises OSError, TimeoutError."""
        ...

    async def close(self) -> None:
        """End what was started."""
        ...


class GivenScheduler:
    """A scheduler that somebody else runs: DARKROOM_DASK_SCHEDULER."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def address(self) -> str:
        """See Engine."""
        return self._address

    async def close(self) -> None:
        """See Engine: it goes on."""


class EmbeddedCluster:
    """A LocalCluster in a child process, started when it is first asked for, and again when it has died."""

    def __init__(self, workers: int, memory_bytes: int) -> None:
        self._arguments = (str(workers), str(memory_bytes))
        self._process: Process | None = None
        self._address = ""

    async def address(self) -> str:
        """See Engine."""
        if self._process is None or self._process.returncode is not None:
            self._address = ""
            await self._start()
        return self._address

    async def close(self) -> None:
        """See Engine: its stdin is closed, which it takes for the sign; killed where it does not listen."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), END_SECONDS)
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _start(self) -> None:
        # A pipe of our own, read by a thread: as one of asyncio's it would have to be kept until the end.
        reading, writing = os.pipe()
        with os.fdopen(reading) as told:
            try:
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "services.processing.cluster", *self._arguments,
                    stdin=PIPE, stdout=writing, cwd=ROOT, env={**os.environ, **QUIET},
                )  # fmt: skip
            finally:
                os.close(writing)
            line = asyncio.ensure_future(asyncio.to_thread(told.readline))
            try:
                self._address = (await asyncio.wait_for(asyncio.shield(line), START_SECONDS)).strip()
            finally:
                if not self._address:
                    await self.close()  # which ends the thread's wait, too
                await line
        if not self._address:
            raise OSError("the workers' process ended at its start; its log says why")
