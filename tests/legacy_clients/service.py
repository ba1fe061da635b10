"""One service by itself, as the door calls it."""

import time
from pathlib import Path
from typing import Self

import httpx2

from demo.ports import free_port
from tests.scripts.stack_process import wait_until
from tests.stack import TIMEOUT, Launched, answers, bare_environment

TOKEN = "a-token-for-tests"


class Service(Launched):
    """A service's process, ready when it is made. `port` where it has to come back at the same place."""

    def __init__(self, name: str, folder: Path, *, port: int = 0, **given: str) -> None:
        self.name = name
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        settings = {
            "DARKROOM_DATA_DIR": str(folder / "data"),
            f"DARKROOM_{name.upper()}_PORT": str(self.port),
            "DARKROOM_SERVICE_TOKEN": TOKEN,
        }
        output = folder / f"{name}-{time.monotonic_ns()}.out"
        super().__init__(["-m", "shared.web.serve", name], bare_environment(**settings | given), output)
        wait_until(lambda: answers(f"{self.url}/readyz") or self.process.poll() is not None, self.said)
        assert self.process.poll() is None, self.said()

    def client(self) -> httpx2.Client:
        """A client of the service, as the gateway would call it."""
        headers = {"X-Darkroom-Service-Token": TOKEN, "X-Darkroom-Actor": "rest"}
        return httpx2.Client(base_url=self.url, headers=headers, timeout=TIMEOUT, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
