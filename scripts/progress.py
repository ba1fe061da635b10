"""One line a step on the terminal; everything the step's programs say goes to a log file."""

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

TAIL_LINES = 25


class SetupError(Exception):
    """Raised when a step cannot be done; the text is one sentence for the user."""


class Progress:
    """Runs the programs of a step, and says how long the step took."""

    def __init__(self, log: Path, write: Callable[[str], object] = sys.stdout.write) -> None:
        self._log = log
        self._write = write

    def step(self, title: str, *commands: Sequence[str | Path], folder: Path) -> None:
        """Run `commands` one after the other in `folder`.

        Raises SetupError with the end of the log when one of them fails.
        """
        self._write(f"{title} ... ")
        sys.stdout.flush()
        began = time.monotonic()
        for command in commands:
            self._run([str(word) for word in command], folder)
        self._write(f"{time.monotonic() - began:.0f} s\n")
        sys.stdout.flush()

    def _run(self, command: list[str], folder: Path) -> None:
        with self._log.open("ab") as log:
            start = log.tell()
            log.write(f"$ {' '.join(command)}\n".encode())
            log.flush()
            code = subprocess.run(
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False
            ).returncode
        if code:
            self._write("failed\n")
            raise SetupError(
                f"{Path(command[0]).name} ended with {code}; all it said is in {self._log}, and at the end:\n"
                + self._tail(start)
            )

    def _tail(self, start: int) -> str:
        with self._log.open("rb") as log:
            log.seek(start)
            lines = log.read().decode(errors="replace").splitlines()
        return "\n".join(f"  {line}" for line in lines[-TAIL_LINES:])
