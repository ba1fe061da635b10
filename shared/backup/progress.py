"""Progress: one line that changes, on a terminal; elsewhere a line at each step."""

import sys
import time
from typing import TextIO

EVERY_SECONDS = 0.2
MB = 1_000_000


class Progress:
    """Counts things and bytes of one step after the other."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stderr
        self._live = self._out.isatty()
        self._step = ""
        self._count = self._bytes = 0
        self._shown = self._since = time.monotonic()

    def step(self, name: str) -> None:
        """A new step begins; the one before has ended."""
        self.end()
        self._step, self._count, self._bytes = name, 0, 0
        self._since = time.monotonic()

    def add(self, count: int, size: int = 0) -> None:
        """So much more is done."""
        self._count += count
        self._bytes += size
        if self._live and time.monotonic() - self._shown >= EVERY_SECONDS:
            self._shown = time.monotonic()
            self._out.write(f"\r{self._line()}\033[K")
            self._out.flush()

    def end(self) -> None:
        """The step has ended: its line stays."""
        if self._step:
            self._out.write(f"\r{self._line()}\033[K\n" if self._live else f"{self._line()}\n")
            self._out.flush()
        self._step = ""

    def _line(self) -> str:
        took = time.monotonic() - self._since
        size = f", {self._bytes / MB:,.1f} MB" if self._bytes else ""
        return f"{self._step}: {self._count:,}{size} in {took:.1f} s"
