"""Runs scripts.run in a process of its own, with stand-in services, and reads what it says."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from demo.ports import free_port
from tests.process_tree import children, command_line

ROOT = Path(__file__).resolve().parent.parent.parent
STAND_IN = Path(__file__).with_name("stand_in.py")
PATIENCE_SECONDS = 30.0


class StackProcess:
    """A runner over stand-ins: `services` maps a Procfile name to what the stand-in shall do."""

    def __init__(self, folder: Path, services: dict[str, str], **environment: str) -> None:
        self.data = folder / "data"
        self.ports = {name: free_port() for name in services}
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("DARKROOM_")
        }
        self.environment |= {"DARKROOM_DATA_DIR": str(self.data), "DARKROOM_STOP_SECONDS": "8"}
        for name, port in self.ports.items():
            self.environment[f"DARKROOM_{name.upper()}_PORT"] = str(port)
        self.environment |= environment
        procfile = folder / "Procfile"
        procfile.write_text(
            "".join(f"{name}: python {STAND_IN} {name} {what}\n" for name, what in services.items())
        )
        self._out = (folder / f"out-{time.monotonic_ns()}").open("w+")
        command = [sys.executable, "-m", "scripts.run", "--procfile", str(procfile)]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=self._out, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def __enter__(self) -> "StackProcess":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE_SECONDS)
        self._out.close()

    def said(self) -> str:
        """All that was printed so far."""
        return Path(self._out.name).read_text()

    def wait_for_words(self, words: str) -> None:
        """Wait until `words` were printed."""
        wait_until(lambda: words in self.said(), lambda: f"{words!r} in {self.said()!r}")

    def end(self, number: signal.Signals | None = None) -> int:
        """Send the signal, if any, and wait for the end: the exit code."""
        if number:
            self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)

    def ask(self, name: str) -> dict[str, Any]:
        """What the stand-in answers: its pid, and the settings it was given."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[name]}/readyz", timeout=5) as answer:
            told: dict[str, Any] = json.loads(answer.read())
        return told

    def guard(self) -> int:
        """The process number of the runner's guard."""
        return next(child for child in children(self.process.pid) if "guard.py" in command_line(child))


def wait_until(true: Callable[[], bool], what: Callable[[], str] = lambda: "") -> None:
    """Wait until `true()`; AssertionError with `what()` when it never is."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < end, f"never came true: {what()}"
        time.sleep(0.02)
