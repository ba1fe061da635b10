"""Load by wrk: a client in Python would be slower than the servers."""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROUND_SECONDS = 3


@dataclass(frozen=True, slots=True)
class Way:
    """One way to a server: an address, and the header that opens it."""

    url: str
    header: str


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk saw."""

    per_second: float
    median_ms: float


def load(
    way: Way, path: str, connections: int, *, script: Path | None = None, arguments: Sequence[str] = ()
) -> Load:
    """One round of wrk; a Lua script makes the requests where there is one.

    Raises RuntimeError for any answer that is not 2xx or 3xx.
    """
    command = ["wrk", "-t1", f"-c{connections}", f"-d{ROUND_SECONDS}", "--latency", "-H", way.header]
    if script is not None:
        command += ["-s", str(script)]
    command += [way.url + path, "--", *arguments]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(f"{way.url}{path}: {said}")
    per_second = re.search(r"Requests/sec:\s+([\d.]+)", said)
    median = re.search(r"50%\s+([\d.]+)(us|ms|s)\b", said)
    assert per_second is not None
    assert median is not None
    milliseconds = {"us": 0.001, "ms": 1.0, "s": 1000.0}[median[2]]
    return Load(float(per_second[1]), float(median[1]) * milliseconds)
