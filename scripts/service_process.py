"""One service's process: started from its Procfile line, asked whether it is ready, ended."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Mapping
from pathlib import Path

from scripts.service_log import ServiceLog
from scripts.stack_settings import Service

# Tells the guard of the process before it can become one that nobody would end (see guard.py).
ENROL = 'echo "+$$" >&0; exec </dev/null; '
ASK_SECONDS = 2.0


class ServiceProcess:
    """A running service. `since` is where its words begin in the log."""

    def __init__(self, service: Service, process: Process, log: ServiceLog, since: int) -> None:
        self.service = service
        self.log = log
        self.since = since
        self._process = process
        self._copying = asyncio.create_task(_copy(process, service.name, log)) if process.stdout else None

    @classmethod
    async def start(
        cls,
        service: Service,
        environment: Mapping[str, str],
        folder: Path,
        log: ServiceLog,
        guard: int,
        *,
        console: bool,
    ) -> "ServiceProcess":
        """Start the service's command in a session of its own; `guard` is the pipe to the guard."""
        since = log.size()
        with log.path.open("ab") as file:
            process = await asyncio.create_subprocess_exec(
                "/bin/sh",
                "-c",
                ENROL + "exec " + service.command,
                cwd=folder,
                env=dict(environment),
                stdin=guard,
                stdout=PIPE if console else file,
                stderr=STDOUT,
                start_new_session=True,
            )
        return cls(service, process, log, since)

    @property
    def pid(self) -> int:
        """The process's number, which is also its group's."""
        return self._process.pid

    async def ended(self) -> str:
        """Wait for the end of the process and of all it had started; how it ended, in words."""
        code = await self._process.wait()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        if self._copying:
            await self._copying
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    async def ready(self, pause: float = 0.05) -> None:
        """Wait until `/readyz` answers 200."""
        while not await answers_ready(self.service):  # noqa: ASYNC110 - another process knows, no event here
            await asyncio.sleep(pause)

    async def stop(self, seconds: float) -> bool:
        """Ask it to finish, and end it after `seconds`. True when it ended by itself."""
        self._signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), seconds)
        except TimeoutError:
            self._signal(signal.SIGKILL)
            return False
        finally:
            await self.ended()
        return True

    def kill(self) -> None:
        """End it at once."""
        self._signal(signal.SIGKILL)

    def words(self) -> list[str]:
        """The last lines that this process logged."""
        return self.log.tail(self.since)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)


async def answers_ready(service: Service) -> bool:
    """True when the service's `/readyz` says 200."""
    try:
        async with asyncio.timeout(ASK_SECONDS):
            reader, writer = await asyncio.open_connection(service.reached_at, service.port)
            try:
                writer.write(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                answer = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
    return answer.split()[1:2] == [b"200"]


async def _copy(process: Process, name: str, log: ServiceLog) -> None:
    """Write the service's words both to its log and, with its name before each line, to the terminal."""
    assert process.stdout
    with log.path.open("ab", buffering=0) as file:
        while line := await _line(process.stdout):
            file.write(line)
            sys.stdout.write(f"{name:<10} | {line.decode(errors='replace').rstrip()}\n")
            sys.stdout.flush()


async def _line(stream: asyncio.StreamReader) -> bytes:
    try:
        return await stream.readuntil(b"\n")
    except asyncio.IncompleteReadError as end:
        return end.partial
    except asyncio.LimitOverrunError as long:
        return await stream.readexactly(long.consumed)
