"""Two replicas of each service and of the gateway, as processes on one PostgreSQL and one folder of blobs."""

import base64
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import httpx2

from demo.ports import free_ports
from tests.scripts.stack_process import wait_until
from tests.stack import TIMEOUT, Launched, answers, bare_environment

NAMES = ("tagging", "imagestore", "processing", "sdcard", "gateway")
COUNT = 2
TOKEN = "between-replicas"


class Replicas:
    """All of them, ready when it is made. Each has a data folder of its own, as on a machine of its own.

    Gateways share the services' addresses; a service asks the first image store.
    """

    def __init__(self, folder: Path, new_database: Callable[[], str]) -> None:
        ports = free_ports(COUNT * len(NAMES))
        self._ports = {name: ports[COUNT * n : COUNT * (n + 1)] for n, name in enumerate(NAMES)}
        self._making = threading.Lock()
        self._clients: dict[tuple[str, ...], httpx2.Client] = {}
        self.roots = folder / "csv"
        self.roots.mkdir()
        urls = {
            name: ",".join(f"http://127.0.0.1:{port}" for port in self._ports[name]) for name in NAMES[:4]
        }
        quoted = ", ".join(f'"{name}": "{url}"' for name, url in urls.items())
        settings = {
            "DARKROOM_SERVICE_TOKEN": TOKEN,
            "DARKROOM_BLOBS_URL": (folder / "blobs").as_uri(),
            "DARKROOM_GATEWAY_SERVICE_URLS": f"{{{quoted}}}",
            "DARKROOM_GATEWAY_ADMIN_KEY_FILE": str(folder / "admin.key"),
            "DARKROOM_GATEWAY_REQUESTS_PER_SECOND": "0",
            "DARKROOM_IMAGESTORE_URL": f"http://127.0.0.1:{self._ports['imagestore'][0]}",
            "DARKROOM_SDCARD_CREDENTIALS_KEY": base64.urlsafe_b64encode(os.urandom(32)).decode(),
            "DARKROOM_TAGGING_ROOTS": str(self.roots),
            "DARKROOM_PROCESSING_WORKERS": "1",
            "DARKROOM_PROCESSING_LEASE_SECONDS": "3",
        }
        settings |= {f"DARKROOM_{name.upper()}_DATABASE_URL": new_database() for name in NAMES}
        self._processes = {
            (name, number): self._launch(folder, settings, name, number)
            for name in NAMES
            for number in range(COUNT)
        }
        for number in range(COUNT):
            wait_until(lambda n=number: answers(f"{self.gateway(n)}/readyz"), self.said)  # type: ignore[misc]
            for name in NAMES[:4]:
                address = f"http://127.0.0.1:{self._ports[name][number]}/readyz"
                wait_until(lambda a=address: answers(a), self.said)  # type: ignore[misc]
        self.key = (folder / "admin.key").read_text().strip()

    def gateway(self, number: int) -> str:
        """A gateway's address."""
        return f"http://127.0.0.1:{self._ports['gateway'][number]}"

    def client(self, number: int, service: str = "", key: str = "") -> httpx2.Client:
        """A client of a gateway, or of what is behind it; with the admin key unless another is given."""
        base = f"{self.gateway(number)}/api/{service}" if service else self.gateway(number)
        return self._client(base, Authorization=f"Bearer {key or self.key}")

    def direct(self, service: str, number: int) -> httpx2.Client:
        """A client of one replica of a service, as a gateway calls it."""
        url = f"http://127.0.0.1:{self._ports[service][number]}"
        return self._client(url, **{"X-Darkroom-Service-Token": TOKEN, "X-Darkroom-Scopes": "read,write"})

    def _client(self, url: str, **headers: str) -> httpx2.Client:
        """The one client for an address and a key: a new one takes 50 ms."""
        known = (url, *headers.values())
        with self._making:
            if known not in self._clients:
                self._clients[known] = httpx2.Client(
                    base_url=url, headers=headers, timeout=TIMEOUT, trust_env=False
                )
            return self._clients[known]

    def kill(self, service: str, number: int) -> None:
        """kill -9 of one replica; nobody starts it again."""
        process = self._processes[service, number].process
        process.send_signal(signal.SIGKILL)
        process.wait()

    def close(self) -> None:
        """End all that still run."""
        for client in self._clients.values():
            client.close()
        left = [each.process for each in self._processes.values() if each.process.poll() is None]
        for process in left:
            process.terminate()
        for process in left:
            process.wait(TIMEOUT.read)

    def said(self) -> str:
        """The end of each one's log, for a failure's message."""
        return "\n".join(f"{key}: {each.said()[-1500:]}" for key, each in self._processes.items())

    def _launch(self, folder: Path, settings: dict[str, str], name: str, number: int) -> Launched:
        home = folder / f"data-{number}"
        own = {
            "DARKROOM_DATA_DIR": str(home),
            f"DARKROOM_{name.upper()}_PORT": str(self._ports[name][number]),
        }
        command = ["-m", "shared.web.serve", name]
        return Launched(command, bare_environment(**settings | own), folder / f"{name}-{number}.out")
