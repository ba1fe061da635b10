"""The process of the old protocols, started as `make run` does, on ports of its own."""

import time
from pathlib import Path

from demo.ports import free_port, free_ports
from tests.scripts.stack_process import wait_until
from tests.stack import Launched, answers, bare_environment

PROTOCOLS = ("tagging", "imagestore", "processing")


class Door(Launched):
    """`python -m gateway.legacy`, ready when it is made. `urls` are the services; `given` are settings."""

    def __init__(
        self, folder: Path, urls: dict[str, str], token: str = "a-token-for-tests", **given: str
    ) -> None:
        self.port, *ports = free_ports(1 + 2 * len(PROTOCOLS))
        self.ports = dict(zip(PROTOCOLS, ports[:3], strict=True))
        self.tls_ports = dict(zip(PROTOCOLS, ports[3:], strict=True))
        self.token = token
        settings = {
            "DARKROOM_DATA_DIR": str(folder / "data"),
            "DARKROOM_SERVICE_TOKEN": token,
            "DARKROOM_LEGACY_PORT": str(self.port),
        }
        for name in PROTOCOLS:
            upper = name.upper()
            settings[f"DARKROOM_LEGACY_{upper}_PORT"] = str(self.ports[name])
            settings[f"DARKROOM_LEGACY_{upper}_TLS_PORT"] = str(self.tls_ports[name])
            settings[f"DARKROOM_{upper}_URL"] = urls.get(name, f"http://127.0.0.1:{free_port()}")
        environment = bare_environment(**settings | given)
        super().__init__(["-m", "gateway.legacy"], environment, folder / f"legacy-{time.monotonic_ns()}.out")
        ready = f"http://127.0.0.1:{self.port}/readyz"
        wait_until(lambda: answers(ready) or self.process.poll() is not None, self.said)
        assert self.process.poll() is None, self.said()

    def address(self, protocol: str, *, tls: bool = False) -> tuple[str, int]:
        """Where to connect to."""
        return "127.0.0.1", (self.tls_ports if tls else self.ports)[protocol]
