"""Keeps the services of the Procfile running: starts them, starts one again that dies, ends all."""

import asyncio
import contextlib
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable
from os import close, pipe, write
from pathlib import Path

from scripts.service_log import ServiceLog
from scripts.service_process import ServiceProcess
from scripts.stack_settings import FRONT, Service, StackError, StackSettings

DEATHS_AT_START = 3
SLOW_START_SECONDS = 20.0
# A service that dies soon after it was started again waits a little, and never longer than this.
LONGEST_PAUSE = 1.0
SETTLED_SECONDS = 10.0
TRIM_SECONDS = 30.0
# What the services behind the front have left of the time to stop, however long the front takes.
BEHIND_SECONDS = 2.0


class Supervisor:
    """The running stack. `say` gets one line for each thing that a person should know."""

    def __init__(self, settings: StackSettings, folder: Path, lock: int, say: Callable[[str], None]) -> None:
        self._settings = settings
        self._folder = folder
        self._lock = lock
        self._say = say
        self._logs = {one.name: ServiceLog(settings.data / "logs", one.name) for one in settings.services}
        self._running: dict[str, ServiceProcess] = {}
        self._ready = {one.name: asyncio.Event() for one in settings.services}
        self._tasks: list[asyncio.Task[None]] = []
        self._guard: Process | None = None
        self._guard_reads, self._guard_writes = pipe()

    async def run(self, announce: Callable[[], None], stop: asyncio.Event) -> None:
        """Start all, call `announce` when all are ready, and keep them until `stop` is set.

        Raises StackError when a service cannot be kept. However it ends, nothing is left running.
        """
        for log in self._logs.values():
            log.path.parent.mkdir(exist_ok=True)
            log.rotate()
        await self._start_guard()
        self._tasks = [asyncio.create_task(self._keep(service)) for service in self._settings.services]
        self._tasks += [asyncio.create_task(self._keep_guard()), asyncio.create_task(self._trim_logs())]
        self._tasks.append(asyncio.create_task(self._announce(announce)))
        try:
            await self._until(stop)
        finally:
            await self._end()

    def kill(self) -> None:
        """End everything at once: the second Ctrl+C."""
        for process in self._running.values():
            process.kill()

    async def _until(self, stop: asyncio.Event) -> None:
        stopping = asyncio.create_task(stop.wait())
        pending = {*self._tasks, stopping}
        while not stopping.done():
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()

    async def _announce(self, announce: Callable[[], None]) -> None:
        while late := [name for name, event in self._ready.items() if not event.is_set()]:
            try:
                await asyncio.wait_for(self._ready[late[0]].wait(), SLOW_START_SECONDS)
            except TimeoutError:
                self._say(f"Still waiting for {', '.join(late)}; see {self._settings.data / 'logs'}")
        announce()

    async def _keep(self, service: Service) -> None:
        """Start the service again whenever it ends. Raises StackError when it cannot start."""
        deaths = 0
        pause = 0.0
        clock = asyncio.get_running_loop().time
        while True:
            process = await self._start(service)
            began = clock()
            how, was_ready = await self._watch(
                process, again=deaths > 0 or self._ready[service.name].is_set()
            )
            deaths = 0 if was_ready else deaths + 1
            if deaths == DEATHS_AT_START:
                raise StackError(_obituary(service, how, process.words()))
            self._say(f"{service.name} ended ({how}); starting it again")
            pause = 0.0 if clock() - began > SETTLED_SECONDS else min(LONGEST_PAUSE, pause + 0.25)
            await asyncio.sleep(pause if was_ready else 0.0)

    async def _start(self, service: Service) -> ServiceProcess:
        process = await ServiceProcess.start(
            service,
            self._settings.environment,
            self._folder,
            self._logs[service.name],
            self._guard_writes,
            console=self._settings.console,
        )
        self._running[service.name] = process
        return process

    async def _watch(self, process: ServiceProcess, *, again: bool) -> tuple[str, bool]:
        """Wait for the process's end: how it ended, and whether it had been ready."""
        ended = asyncio.create_task(process.ended())
        ready = asyncio.create_task(process.ready())
        try:
            await asyncio.wait({ended, ready}, return_when=asyncio.FIRST_COMPLETED)
            was_ready = ready.done() and not ended.done()
            if was_ready:
                self._ready[process.service.name].set()
                if again:
                    self._say(f"{process.service.name} is ready again")
            how = await ended
        finally:
            for task in (ended, ready):
                task.cancel()
        self._tell_guard(f"-{process.pid}\n")
        del self._running[process.service.name]
        return how, was_ready

    async def _end(self) -> None:
        """End the front, then what is behind it; each finishes what is in flight."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        end = asyncio.get_running_loop().time() + self._settings.stop_seconds
        front = [process for name, process in self._running.items() if name in FRONT]
        behind = [process for name, process in self._running.items() if name not in FRONT]
        seconds = self._settings.stop_seconds
        await self._stop(front, max(seconds / 2, seconds - BEHIND_SECONDS))
        await self._stop(behind, end - asyncio.get_running_loop().time())
        close(self._guard_writes)
        if self._guard:
            await self._guard.wait()
        close(self._guard_reads)

    async def _stop(self, processes: list[ServiceProcess], seconds: float) -> None:
        finished = await asyncio.gather(*(process.stop(seconds) for process in processes))
        for process, by_itself in zip(processes, finished, strict=True):
            if not by_itself:
                self._say(f"{process.service.name} did not finish within {seconds:.0f} s and was killed")
            self._tell_guard(f"-{process.pid}\n")

    async def _trim_logs(self) -> None:
        while True:
            await asyncio.sleep(TRIM_SECONDS)
            for log in self._logs.values():
                # a full disk must not end the stack for its logs
                with contextlib.suppress(OSError):
                    log.trim()

    async def _start_guard(self) -> None:
        self._guard = await asyncio.create_subprocess_exec(
            sys.executable,
            "-IS",
            str(Path(__file__).with_name("guard.py")),
            str(self._settings.stop_seconds),
            stdin=self._guard_reads,
            stdout=DEVNULL,
            stderr=DEVNULL,
            start_new_session=True,
            pass_fds=(self._lock,),
        )

    async def _keep_guard(self) -> None:
        while True:
            assert self._guard
            await self._guard.wait()
            await self._start_guard()
            for process in self._running.values():
                self._tell_guard(f"+{process.pid}\n")

    def _tell_guard(self, line: str) -> None:
        write(self._guard_writes, line.encode())


def _obituary(service: Service, how: str, words: list[str]) -> str:
    last = "\n".join(f"  {line}" for line in words) or "  (it logged nothing)"
    return f"{service.name} ended at its start {DEATHS_AT_START} times ({how}); the last it said:\n{last}"
