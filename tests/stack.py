"""A whole stack, or one service, in processes of their own: what the journeys and the fault tests work on."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import httpx2

from demo.ports import free_port, free_ports
from tests.process_tree import arguments, children
from tests.scripts.stack_process import PATIENCE_SECONDS, ROOT, wait_until

MIB = 1024 * 1024
READY = "Darkroom is ready: "
SERVICES = ("gateway", "tagging", "imagestore", "processing", "sdcard", "legacy")
OLD_PROTOCOLS = ("legacy_tagging", "legacy_imagestore", "legacy_processing")
TIMEOUT = httpx2.Timeout(30.0)


def bare_environment(**given: str) -> dict[str, str]:
    """This process's environment without its settings of Darkroom, and those given."""
    return {name: value for name, value in os.environ.items() if not name.startswith("DARKROOM_")} | given


class Launched:
    """A process with its output in a file."""

    def __init__(self, command: list[str], environment: Mapping[str, str], output: Path) -> None:
        self.output = output
        self._since = output.stat().st_size if output.exists() else 0
        with output.open("ab") as file:
            self.process = subprocess.Popen(
                [sys.executable, *command], cwd=ROOT, env=dict(environment), stdin=subprocess.DEVNULL,
                stdout=file, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def said(self) -> str:
        """All that this process has printed so far."""
        return self.output.read_bytes()[self._since :].decode(errors="replace")

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process itself."""
        self.process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM, seconds: float = PATIENCE_SECONDS) -> int:
        """Send the signal and wait for the end: the exit code. Raises TimeoutExpired when it does not end."""
        self.send(number)
        return self.process.wait(seconds)

    def close(self) -> None:
        """End what still runs."""
        if self.process.poll() is None:
            self.end()


class Stack(Launched):
    """Everything in the Procfile, started by scripts/run.py on free ports; ready when it is made.

    `folder` gets the output, and the data unless `data` names another place. `services` names those
    that the test needs behind the gateway, where it does not need them all. `given` are settings.
    """

    def __init__(
        self,
        folder: Path,
        *,
        data: Path | None = None,
        procfile: Path | None = None,
        services: str = "",
        **given: str,
    ) -> None:
        self.data_dir = data or folder / "data"
        if services:
            procfile = folder / "Procfile"
            lines = [
                f"{name}: python -m shared.web.serve {name}\n" for name in (*services.split(), "gateway")
            ]
            procfile.write_text("".join(lines))
        names = SERVICES + OLD_PROTOCOLS
        ports = dict(zip(names, free_ports(len(names)), strict=True))
        settings = {f"DARKROOM_{name.upper()}_PORT": str(port) for name, port in ports.items()}
        environment = bare_environment(**{"DARKROOM_DATA_DIR": str(self.data_dir), **settings, **given})
        more = ["--procfile", str(procfile)] if procfile else []
        super().__init__(["-m", "scripts.run", *more], environment, folder / "stack.out")
        wait_until(lambda: READY in self.said() or self.process.poll() is not None, self.said)
        assert READY in self.said(), self.said()
        self.ports = ports
        self.gateway_url = f"http://127.0.0.1:{ports['gateway']}"
        self.imagestore_url = f"http://127.0.0.1:{ports['imagestore']}"
        self.address = self.said().partition(READY)[2].split()[0]
        self.key = self.address.partition("#key=")[2]
        self.service_token = (self.data_dir / "service.token").read_text().strip()

    def client(self, **headers: str) -> httpx2.Client:
        """A client of the gateway, with the admin key."""
        given = {"Authorization": f"Bearer {self.key}", **headers}
        return httpx2.Client(base_url=self.gateway_url, headers=given, timeout=TIMEOUT, trust_env=False)

    def images(self) -> httpx2.Client:
        """The same for the image store's calls: `/v1/images` is the gateway's `/api/imagestore/v1/images`."""
        client = self.client()
        client.base_url = f"{self.gateway_url}/api/imagestore"
        return client

    def pid(self, name: str) -> int:
        """The number of the service's process; 0 while it is not running."""
        for child in children(self.process.pid):
            words = arguments(child)
            if len(words) > 2 and words[-1] in {name, f"gateway.{name}"}:
                return child
        return 0

    def kill(self, name: str) -> int:
        """kill -9 of one service; the number of the process that was. The runner starts it again."""
        killed = self.pid(name)
        assert killed, f"{name} does not run: {self.said()}"
        os.kill(killed, signal.SIGKILL)
        return killed

    def wait_until_back(self, name: str, killed: int) -> None:
        """Wait until the killed service runs again and all are ready."""
        wait_until(lambda: self.pid(name) not in {0, killed}, self.troubles)
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until the gateway says that all are ready."""
        wait_until(lambda: answers(f"{self.gateway_url}/readyz"), self.troubles)

    def troubles(self) -> str:
        """For a failure's message: what was printed, and the end of each service's log."""
        logs = [path.read_text()[-2000:] for path in sorted((self.data_dir / "logs").glob("*.log"))]
        return "\n".join([self.said(), *logs])


class ImageStore(Launched):
    """One image store by itself, ready when it is made. `command` starts it, where not as `make run` does."""

    def __init__(
        self, folder: Path, *, data: Path | None = None, command: list[str] | None = None, **given: str
    ) -> None:
        self.data_dir = data or folder / "data"
        self.service_token = "a-token-for-tests"
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        settings = {
            "DARKROOM_DATA_DIR": str(self.data_dir),
            "DARKROOM_IMAGESTORE_PORT": str(port),
            "DARKROOM_SERVICE_TOKEN": self.service_token,
        }
        start = command or ["-m", "shared.web.serve", "imagestore"]
        super().__init__(start, bare_environment(**settings | given), folder / "imagestore.out")
        wait_until(lambda: answers(f"{self.url}/readyz") or self.process.poll() is not None, self.said)
        assert self.process.poll() is None, self.said()

    def images(self) -> httpx2.Client:
        """A client of the service, as the gateway would call it."""
        headers = {"X-Darkroom-Service-Token": self.service_token, "X-Darkroom-Scopes": "read,write"}
        return httpx2.Client(base_url=self.url, headers=headers, timeout=TIMEOUT, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def answers(url: str) -> bool:
    """Whether a GET of the address is answered with 200."""
    try:
        return httpx2.get(url, timeout=5.0, trust_env=False).status_code == 200
    except httpx2.TransportError:
        return False


def peak_memory(pid: int) -> int:
    """The most memory that the process has had resident, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def staged_files(data: Path) -> list[Path]:
    """What uploads under way have left in the image store's staging folder."""
    return [path for path in (data / "imagestore" / "blobs" / ".staging").iterdir() if path.is_file()]


def wait_for_empty_staging(data: Path) -> None:
    """Wait until no upload's temporary file is left."""
    wait_until(
        lambda: not staged_files(data),
        lambda: f"at {time.time()}: {[(path.name, path.stat()) for path in staged_files(data)]}",
    )


def pause(seconds: float) -> None:
    """Let time pass for the other processes; nothing is asserted of it."""
    time.sleep(seconds)
