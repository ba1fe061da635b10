"""A simulated camera in a process of its own, for tests and benchmarks."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parent.parent


class SimulatedCamera:
    """`python -m demo.camera` over a folder, as a context manager; more arguments as on its command line."""

    def __init__(self, card: Path, *arguments: str) -> None:
        card.mkdir(parents=True, exist_ok=True)
        self.card = card
        self._process = subprocess.Popen(
            [sys.executable, "-m", "demo.camera", "--card", str(card), *arguments],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._said = self._hear()
        self.host = str(self._said["host"])
        self.port = int(str(self._said["port"]))
        self.user = str(self._said["user"])
        self.password = str(self._said["password"])
        self.card_path = str(self._said["card_path"])
        self.config_path = str(self._said["config_path"])

    @property
    def fingerprint(self) -> str:
        """Of the host key that it has at the moment."""
        return str(self._said["fingerprint"])

    def tell(self, command: str) -> None:
        """One of demo.camera.COMMANDS. Raises ValueError."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        said = self._hear()
        if "error" in said:
            raise ValueError(str(said["error"]))
        self._said = said

    def stop(self) -> None:
        """SIGSTOP: nothing answers any more, and no connection ends."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """SIGCONT."""
        self._process.send_signal(signal.SIGCONT)

    def cut(self) -> None:
        """Break every connection."""
        self.tell("cut")

    def change_key(self) -> None:
        """Another host key from now on."""
        self.tell("change-key")

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _hear(self) -> dict[str, object]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the simulated camera has ended")
        said: dict[str, object] = json.loads(line)
        return said

    def __enter__(self) -> "SimulatedCamera":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
