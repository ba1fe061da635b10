"""strace on a running process: what it asks of the kernel, and calls that are made to fail."""

import re
import subprocess
from pathlib import Path
from typing import Self

from tests.scripts.stack_process import wait_until

CALL = re.compile(r"^\d+ +(?:<\.\.\. )?(\w+)(?:\(| resumed)(.*)$")


class Trace:
    """Attached to a process and all its threads while used as a context manager.

    `inject` is what strace's -e inject= takes, such as `fsync:error=EIO`.
    """

    def __init__(self, strace: str, pid: int, output: Path, calls: str, inject: str = "") -> None:
        self._output = output
        self._command = [strace, "-f", "-s", "200", "-p", str(pid), "-o", str(output), "-e", f"trace={calls}"]
        self._command += ["-e", f"inject={inject}"] if inject else []

    def __enter__(self) -> Self:
        self._output.unlink(missing_ok=True)
        said = self._output.with_suffix(".said")
        with said.open("wb") as file:
            self._process = subprocess.Popen(self._command, stdout=file, stderr=file)
        wait_until(lambda: "attached" in said.read_text(), said.read_text)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(20)

    def calls(self) -> list[tuple[str, str]]:
        """Names of the calls and what was given to them, in the order in which they were made."""
        found = (CALL.match(line) for line in self._output.read_text(errors="replace").splitlines())
        return [(one[1], one[2]) for one in found if one]
