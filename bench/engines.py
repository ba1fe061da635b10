"""Engines beside a stack: single services with settings of their own, PostgreSQL, S3 and a Dask cluster.

PostgreSQL and S3 are those of the tests: a cluster of Debian's binaries, and OpenStack Swift.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from bench.peers import process
from bench.stack import ROOT
from demo.ports import free_ports
from tests.postgres import Postgres, binaries
from tests.shared.s3 import S3, SECRET, USER

TOKEN = "between-services"
HEADERS = {"X-Darkroom-Service-Token": TOKEN, "X-Darkroom-Actor": "bench", "X-Darkroom-Scopes": "read,write"}
S3_KEYS = {"AWS_ACCESS_KEY_ID": USER, "AWS_SECRET_ACCESS_KEY": SECRET}
WORKER_MEMORY = "2GiB"
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Service:
    """A service that runs alone."""

    url: str
    pid: int


@contextmanager
def service(name: str, folder: Path, **given: str) -> Iterator[Service]:
    """One service with its data in the folder, and with the settings given."""
    (port,) = free_ports(1)
    settings = {
        "DARKROOM_DATA_DIR": str(folder),
        f"DARKROOM_{name.upper()}_PORT": str(port),
        "DARKROOM_SERVICE_TOKEN": TOKEN,
        "DARKROOM_ACCESS_LOG": "false",
        **given,
    }
    environment = {key: value for key, value in os.environ.items() if not key.startswith("DARKROOM_")}
    folder.mkdir(exist_ok=True)
    with (folder / f"{name}.log").open("ab") as log:
        running = subprocess.Popen(
            [sys.executable, "-m", "shared.web.serve", name], cwd=ROOT, env=environment | settings, stderr=log
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for_ready(url)
        yield Service(url, running.pid)
    finally:
        running.terminate()
        running.wait(PATIENCE_SECONDS)


@contextmanager
def postgresql() -> Iterator[Postgres]:
    """A PostgreSQL server with its own durable defaults. Raises RuntimeError where there is none."""
    found = binaries()
    if found is None:
        raise RuntimeError("PostgreSQL is not installed")
    server = Postgres(found, options=())
    try:
        yield server
    finally:
        server.remove()


@contextmanager
def swift(folder: Path) -> Iterator[S3]:
    """An S3 server, and its keys in this process's environment, which services inherit."""
    os.environ.update(S3_KEYS)
    folder.mkdir(exist_ok=True)
    server = S3(folder)
    try:
        yield server
    finally:
        server.stop()
        for name in S3_KEYS:
            del os.environ[name]


@contextmanager
def dask_cluster(workers: int, given: Mapping[str, str]) -> Iterator[str]:
    """The address of a scheduler with that many worker processes of one thread each."""
    (port,) = free_ports(1)
    dask = [sys.executable, "-m", "dask"]
    address = f"tcp://127.0.0.1:{port}"
    here = ["--host", "127.0.0.1"]
    with ExitStack() as running:
        scheduler = [*dask, "scheduler", *here, "--port", str(port), "--dashboard-address", "127.0.0.1:0"]
        running.enter_context(process(scheduler, port))
        for _ in range(workers):
            alone = ["--nworkers", "1", "--nthreads", "1", "--memory-limit", WORKER_MEMORY, "--no-dashboard"]
            worker = subprocess.Popen(
                [*dask, "worker", address, *here, *alone],
                cwd=ROOT,
                env={**os.environ, **given},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            running.callback(_end, worker)
        yield address


def _end(worker: "subprocess.Popen[bytes]") -> None:
    worker.terminate()
    try:
        worker.wait(10)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()


def _wait_for_ready(url: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        try:
            if httpx2.get(f"{url}/readyz", trust_env=False).status_code == 200:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"{url} does not become ready")
