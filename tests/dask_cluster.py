"""A Dask scheduler and a worker in processes of their own, as an operator starts them; also over TLS."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Self

from demo.ports import free_port
from tests.certificates import Identity
from tests.scripts.stack_process import ROOT
from tests.stack import bare_environment


class DaskCluster:
    """At `address`. With an identity, who has none of the same authority is turned away."""

    def __init__(self, folder: Path, tls: Identity | None = None) -> None:
        self._folder = folder
        self._kind = "tls" if tls else "tcp"
        self._tls = (
            () if tls is None
            else ("--tls-ca-file", str(tls.ca), "--tls-cert", str(tls.cert), "--tls-key", str(tls.key))
        )  # fmt: skip
        self.port = free_port()
        self.address = f"{self._kind}://127.0.0.1:{self.port}"
        self._log = (folder / "dask.out").open("ab")
        self.scheduler = self._start_scheduler()
        self.worker = self._start_worker()

    def _start_scheduler(self) -> "subprocess.Popen[bytes]":
        place = ("--protocol", self._kind, "--host", "127.0.0.1", "--port", str(self.port))
        return self._run("scheduler", *place, "--no-dashboard")

    def _start_worker(self) -> "subprocess.Popen[bytes]":
        place = (
            "--host",
            f"{self._kind}://127.0.0.1",
            "--local-directory",
            str(self._folder),
            "--no-dashboard",
        )
        return self._run("worker", self.address, "--nthreads", "1", *place)

    def _run(self, *arguments: str) -> "subprocess.Popen[bytes]":
        environment = bare_environment(PYTHONPATH=str(ROOT), DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT="5s")
        command = [sys.executable, "-m", "dask", *arguments, *self._tls]
        return subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=self._log, stderr=self._log, start_new_session=True
        )

    def restart_scheduler(self) -> None:
        """kill -9, and a new one at the same address, which knows nothing."""
        self.scheduler.kill()
        self.scheduler.wait()
        self.scheduler = self._start_scheduler()

    def replace_worker(self) -> None:
        """A worker that lost its scheduler ends; an operator's supervisor starts another one."""
        _end(self.worker)
        self.worker = self._start_worker()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        _end(self.worker)
        _end(self.scheduler)
        self._log.close()


def _end(process: "subprocess.Popen[bytes]") -> None:
    """All of its group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
