"""The system in containers, as `docker compose up` starts it: when it is healthy, and its memory at rest."""

import os
import re
import time

from bench.containers import Project, docker, reason_why_not
from bench.rows import Row
from bench.stack import Stack
from demo.ports import free_ports

MOST_SECONDS = 30.0
MOST_MIB = 700.0
REST_SECONDS = 60.0  # for what a start leaves behind to be over
PORTS = (
    "GATEWAY_PORT",
    "LEGACY_TAGGING_PORT",
    "LEGACY_IMAGESTORE_PORT",
    "LEGACY_PROCESSING_PORT",
)
MIB_OF = {"B": 1 / 1024**2, "KiB": 1 / 1024, "MiB": 1.0, "GiB": 1024.0}


def run(_: Stack) -> list[Row]:
    """The table's rows; a project of our own, with its images built before. Raises RuntimeError."""
    if reason := reason_why_not():
        raise RuntimeError(reason)
    ports = zip(PORTS, free_ports(len(PORTS)), strict=True)
    project = Project(f"darkroom-bench-{os.getpid()}", {f"DARKROOM_{name}": str(at) for name, at in ports})
    project.build()
    try:
        began = time.monotonic()
        project.run("up", "-d", "--no-build")
        project.wait_until_healthy()
        seconds = time.monotonic() - began
        time.sleep(REST_SECONDS)
        memory = memory_of(project)
    finally:
        project.down()
    mib = sum(memory.values())
    each = ", ".join(f"{name} {size:.0f}" for name, size in sorted(memory.items()))
    return [
        Row(
            "from docker compose up to all healthy", seconds, MOST_SECONDS, "s", 1, seconds <= MOST_SECONDS,
            f"{len(memory)} containers, images built, volumes new",
        ),
        Row(
            "memory of all containers at rest", mib * 1024, MOST_MIB * 1024, "KiB", 1, mib <= MOST_MIB,
            f"as docker stats tells it, MiB: {each}",
        ),
    ]  # fmt: skip


def memory_of(project: Project) -> dict[str, float]:
    """MiB of each service's running containers: without the page cache that could go at once."""
    found: dict[str, float] = {}
    listed = docker("stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}")
    for name, number, unit in re.findall(r"^(\S+) ([0-9.]+)([A-Za-z]+) /", listed, re.MULTILINE):
        service = re.fullmatch(rf"{re.escape(project.name)}[-_](.+)[-_]\d+", name)
        if service:
            found[service[1]] = found.get(service[1], 0.0) + float(number) * MIB_OF[unit]
    return found
