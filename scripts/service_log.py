"""The log files of the services: <data>/logs/<name>.log, and the ones of earlier runs beside it."""

import os
import shutil
from pathlib import Path

KEPT = 3
LARGEST_BYTES = 64 * 1024 * 1024


class ServiceLog:
    """One service's log file. It is written by the service itself, in append mode."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.log"

    def rotate(self) -> None:
        """Put the former run's log aside: <name>.log.1 is the last one, <name>.log.3 the oldest kept."""
        self._shift()
        if self.path.exists():
            self.path.rename(self._older(1))

    def trim(self) -> None:
        """Put a log that has grown too large aside while the service goes on writing to the same file."""
        try:
            size = self.path.stat().st_size
        except FileNotFoundError:
            return
        if size > LARGEST_BYTES:
            self._shift()
            shutil.copyfile(self.path, self._older(1))
            os.truncate(self.path, 0)

    def size(self) -> int:
        """Bytes written so far."""
        return self.path.stat().st_size if self.path.exists() else 0

    def tail(self, since: int = 0, lines: int = 20) -> list[str]:
        """The last lines written after the first `since` bytes."""
        if not self.path.exists():
            return []
        with self.path.open("rb") as log:
            log.seek(max(since, self.size() - 64 * 1024))
            return log.read().decode(errors="replace").splitlines()[-lines:]

    def _shift(self) -> None:
        for number in range(KEPT - 1, 0, -1):
            if self._older(number).exists():
                self._older(number).replace(self._older(number + 1))

    def _older(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")
