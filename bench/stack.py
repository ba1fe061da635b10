"""The real stack, as `make run` starts it, for as long as it is measured."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from demo.ports import free_ports

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".bench"
"""Where benchmarks keep things: on the same disk as the project, and not in it."""

READY = "Darkroom is ready"
STOP_SECONDS = 40.0
PORTS = (
    "GATEWAY",
    "TAGGING",
    "IMAGESTORE",
    "PROCESSING",
    "SDCARD",
    "LEGACY",
    "LEGACY_TAGGING",
    "LEGACY_IMAGESTORE",
    "LEGACY_PROCESSING",
)
# As in production but for the rate a key may have: that is to limit, not to be fast.
SETTINGS = {
    "DARKROOM_GATEWAY_REQUESTS_PER_SECOND": "0",
    "DARKROOM_TAGGING_ROOTS": str(CACHE),
    # cameras are simulated here, and asked as often as is measured
    "DARKROOM_SDCARD_CAMERA_NETWORKS": "127.0.0.0/8",
    "DARKROOM_SDCARD_STALE_SECONDS": "0.001",
    "DARKROOM_SDCARD_CONNECTS_PER_MINUTE": "1000",
}


@dataclass(frozen=True, slots=True)
class Stack:
    """A running Darkroom: its addresses by service, and what opens them."""

    urls: Mapping[str, str]
    key: str
    service_token: str
    data_dir: Path

    @property
    def gateway_url(self) -> str:
        """Where everything is reached with a key."""
        return self.urls["gateway"]

    @property
    def imagestore_url(self) -> str:
        """The image store itself."""
        return self.urls["imagestore"]

    @property
    def service_headers(self) -> Mapping[str, str]:
        """What a service wants of its callers."""
        return {"X-Darkroom-Service-Token": self.service_token}


@contextmanager
def running_stack() -> Iterator[Stack]:
    """A stack on ports and a data folder of its own, both gone afterwards.

    Raises RuntimeError, with what it said, when it does not become ready.
    """
    CACHE.mkdir(exist_ok=True)
    data = Path(tempfile.mkdtemp(prefix="data-", dir=CACHE))
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DARKROOM_")}
    environment |= {f"DARKROOM_{name}_PORT": str(port) for name, port in ports.items()}
    environment |= {"DARKROOM_DATA_DIR": str(data), **SETTINGS}
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts.run"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        _wait_for_ready(process)
        yield Stack(
            {name.lower(): f"http://127.0.0.1:{port}" for name, port in ports.items()},
            (data / "admin.key").read_text().strip(),
            (data / "service.token").read_text().strip(),
            data,
        )
    finally:
        _stop(process)
        shutil.rmtree(data)


def _wait_for_ready(process: "subprocess.Popen[str]") -> None:
    said = []
    assert process.stdout is not None
    for line in process.stdout:
        said.append(line)
        if READY in line:
            return
    raise RuntimeError(f"the stack does not start:\n{''.join(said)}")


def _stop(process: "subprocess.Popen[str]") -> None:
    """End it as Ctrl+C does; only one that does not listen is killed, and its guard then ends the rest."""
    process.send_signal(signal.SIGTERM)
    try:
        process.communicate(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
