"""What `make run` reads from the environment and from `.env`."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from dotenv import dotenv_values
from honcho.environ import parse_procfile  # type: ignore[import-untyped]

# The ports of design.md. A process of the Procfile that is not named here needs its DARKROOM_<NAME>_PORT.
PORTS = {
    "gateway": 8000,
    "tagging": 8001,
    "imagestore": 8002,
    "processing": 8003,
    "sdcard": 8004,
    "legacy": 8005,
}

# What people and programs talk to; it ends first, so that nothing new reaches the services behind it.
FRONT = frozenset({"gateway", "legacy"})
# How long the services may take to finish what is in flight (20 s, limits.md); all is gone after 25 s.
STOP_SECONDS = 24.0


class StackError(Exception):
    """Raised when the stack cannot run as it is set; the text is one sentence for the user."""


@dataclass(frozen=True)
class Service:
    """One line of the Procfile, and where it answers."""

    name: str
    command: str
    host: str
    port: int

    @property
    def port_setting(self) -> str:
        """The setting that changes the port."""
        return setting(self.name, "PORT")

    @property
    def host_setting(self) -> str:
        """The setting that changes the address it listens on."""
        return setting(self.name, "HOST")

    @property
    def reached_at(self) -> str:
        """The address at which this machine reaches it, also when it listens on all of them."""
        return {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(self.host, self.host)


@dataclass(frozen=True)
class StackSettings:
    """Everything the runner needs to know, resolved."""

    data: Path
    services: tuple[Service, ...]
    environment: Mapping[str, str]
    console: bool
    stop_seconds: float

    @classmethod
    def load(cls, root: Path, procfile: Path, environ: Mapping[str, str]) -> "StackSettings":
        """Read `root`/.env, with `environ` winning over it, and the Procfile.

        Relative folders are below `root`. Raises StackError for a setting that makes no sense.
        """
        from_file = {name: value for name, value in dotenv_values(root / ".env").items() if value is not None}
        environment = {**from_file, **environ}
        data = (root / Path(environment.get("DARKROOM_DATA_DIR") or "data").expanduser()).resolve()
        environment["DARKROOM_DATA_DIR"] = str(data)
        # `python` in the Procfile is the one that runs this
        environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', '')}"
        services = tuple(
            _service(name, command, environment)
            for name, command in parse_procfile(procfile.read_text()).processes.items()
        )
        if not services:
            raise StackError(f"{procfile} names no process to run.")
        for service in services:
            environment[service.port_setting] = str(service.port)
        # what the gateway has behind it, unless that is set
        behind = ",".join(service.name for service in services if service.name not in FRONT)
        environment.setdefault("DARKROOM_SERVICES", behind)
        logs = environment.get("DARKROOM_LOGS", "files")
        if logs not in {"files", "console"}:
            raise StackError(f"DARKROOM_LOGS is {logs!r}; it can be files or console.")
        stop_seconds = _seconds(environment.get("DARKROOM_STOP_SECONDS") or str(STOP_SECONDS))
        return cls(data, services, environment, console=logs == "console", stop_seconds=stop_seconds)

    def with_token(self, token: str) -> "StackSettings":
        """The same, with the services' shared secret, unless one is set already."""
        return replace(self, environment={"DARKROOM_SERVICE_TOKEN": token, **self.environment})


def setting(name: str, what: str) -> str:
    """The name of a process's setting: `setting("gateway", "PORT")` is DARKROOM_GATEWAY_PORT."""
    return f"DARKROOM_{name.upper().replace('-', '_')}_{what}"


def _seconds(value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 3600:
        raise StackError(f"DARKROOM_STOP_SECONDS is {value!r}; it must be a number of seconds, up to 3600.")
    return seconds


def _service(name: str, command: str, environment: Mapping[str, str]) -> Service:
    variable = setting(name, "PORT")
    value = environment.get(variable) or str(PORTS.get(name, ""))
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 65535:
        raise StackError(f"{variable} is {value!r}; it must be a port, 1 to 65535.")
    host = environment.get(setting(name, "HOST")) or "127.0.0.1"
    return Service(name, command, host, int(value))
