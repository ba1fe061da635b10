"""A Docker engine with compose, and a project of our own on it. `python -m bench.containers` says why not."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "docker-compose.yml"
BUILD_SECONDS = 1800.0
SECONDS = 300.0
LOOK_SECONDS = 0.2


class EngineError(RuntimeError):
    """Raised when a command of docker fails: with all that it said."""


def reason_why_not() -> str:
    """Why no containers can run here, in a sentence; nothing where they can."""
    if shutil.which("docker") is None:
        return "There is no docker on this machine: the images and the compose file cannot be tried."
    tried = _ask("docker", "version", "--format", "{{.Server.Version}}")
    if tried.returncode:
        said = (tried.stderr or tried.stdout).strip().splitlines()
        return f"No Docker engine answers here: {said[-1] if said else 'it says nothing'}"
    if _compose() is None:
        return "The docker of this machine has no compose: the compose file cannot be tried."
    return ""


class Project:
    """One compose project. `given` are its settings; those of this process or of an .env do not reach it."""

    def __init__(self, name: str, given: Mapping[str, str], *more_files: Path) -> None:
        self.name = name
        ours = {key: value for key, value in os.environ.items() if not key.startswith("DARKROOM_")}
        self._environment = {**ours, **given}
        self._files = [word for file in (FILE, *more_files) for word in ("-f", str(file))]

    def run(self, *words: str, seconds: float = SECONDS, **given: str) -> str:
        """A compose command, with these settings besides: its output. Raises EngineError."""
        compose = _compose()
        if compose is None:
            raise EngineError(reason_why_not())
        command = [*compose, "--env-file", os.devnull, "-p", self.name, *self._files, *words]
        return _output(command, {**self._environment, **given}, seconds)

    def build(self, **given: str) -> None:
        """Build all images.

        One comes first: without BuildKit it makes all that the others share, which they would each make for
        themselves when they are built side by side.
        """
        self.run("build", "gateway", seconds=BUILD_SECONDS, **given)
        self.run("build", seconds=BUILD_SECONDS, **given)

    def execute(self, service: str, *words: str) -> str:
        """A command in the first container of a service: its output. Raises EngineError."""
        return self.run("exec", "-T", service, *words)

    def containers(self, service: str = "") -> list[dict[str, Any]]:
        """What the engine knows of the project's containers, or of one service's."""
        wanted = [f"label=com.docker.compose.project={self.name}"]
        wanted += [f"label=com.docker.compose.service={service}"] if service else []
        filters = [word for one in wanted for word in ("--filter", one)]
        listed = docker("ps", "-aq", *filters).split()
        found: list[dict[str, Any]] = json.loads(docker("inspect", *listed)) if listed else []
        return found

    def ports(self, service: str, inside: int) -> list[int]:
        """Where the containers of a service that run have published a port."""
        bound = [one["NetworkSettings"]["Ports"].get(f"{inside}/tcp") for one in self.containers(service)]
        return [int(places[0]["HostPort"]) for places in bound if places]

    def wait_until_healthy(self, seconds: float = SECONDS) -> None:
        """Wait until every container is healthy, or has ended well where it was only to prepare something.

        Raises EngineError with what is in the way.
        """
        end = time.monotonic() + seconds
        while missing := {service_of(one): state_of(one) for one in self.containers() if not is_well(one)}:
            if time.monotonic() > end:
                raise EngineError(f"not healthy: {missing}\n{self.run('logs', '--tail', '40', *missing)}")
            time.sleep(LOOK_SECONDS)

    def down(self) -> None:
        """End everything, with its volumes."""
        self.run("down", "--volumes", "--remove-orphans", "--timeout", "30")


def docker(*words: str) -> str:
    """A command of docker: its output. Raises EngineError."""
    return _output(["docker", *words], os.environ, SECONDS)


def service_of(container: Mapping[str, Any]) -> str:
    """Which service of the compose file a container is of."""
    return str(container["Config"]["Labels"]["com.docker.compose.service"])


def state_of(container: Mapping[str, Any]) -> str:
    """`healthy`, or whatever else the container is; the engine keeps the health of one that ended."""
    state = container["State"]
    health = (state.get("Health") or {}).get("Status") if state["Status"] == "running" else None
    return str(health or state["Status"])


def is_well(container: Mapping[str, Any]) -> bool:
    """Whether it does what it is there for, or has done it."""
    state = container["State"]
    if state["Status"] == "exited":
        return bool(state["ExitCode"] == 0 and container["HostConfig"]["RestartPolicy"]["Name"] in {"", "no"})
    return state["Status"] == "running" and state_of(container) in {"healthy", "running"}


def _compose() -> list[str] | None:
    """The words that begin a compose command: of version 2, or of 1.29 where that is all there is."""
    if _ask("docker", "compose", "version").returncode == 0:
        return ["docker", "compose"]
    return ["docker-compose"] if shutil.which("docker-compose") else None


def _ask(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _output(command: Sequence[str], environment: Mapping[str, str], seconds: float) -> str:
    done = subprocess.run(
        command, cwd=ROOT, env=dict(environment), capture_output=True, text=True, timeout=seconds, check=False
    )
    if done.returncode:
        raise EngineError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(reason_why_not() or None)
