"""Cameras of tests that are to be stopped, cut and changed: both kinds of server, alike."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest

from demo.card import CARD_PATH
from demo.simulated import SimulatedCamera
from services.sdcard.camera import CameraAddress
from services.sdcard.cameras import Cameras, CameraSession
from services.sdcard.limits import CameraLimits
from tests.services.sdcard.openssh import MISSING, OpenSsh

LOOPBACK = "127.0.0.0/8"
KINDS = ["openssh", "simulated"]


class Server(Protocol):
    """What both have."""

    host: str
    port: int
    user: str
    password: str
    card: Path
    card_path: str

    @property
    def fingerprint(self) -> str:
        """Of the host key."""

    def stop(self) -> None:
        """SIGSTOP."""

    def go_on(self) -> None:
        """SIGCONT."""

    def cut(self) -> None:
        """Break every connection."""

    def change_key(self) -> None:
        """Another host key."""

    def close(self) -> None:
        """End it."""


class OpenSshCamera(OpenSsh):
    """OpenSSH over a folder."""

    def __init__(self, folder: Path) -> None:
        self.card = folder / "card"
        self.card.mkdir(parents=True)
        self.card_path = str(self.card)
        super().__init__(folder / "ssh")


def start_server(kind: str, folder: Path, *arguments: str) -> Server:
    """A server over an empty card; `arguments` are the simulated camera's."""
    if kind == "openssh":
        if MISSING:
            pytest.skip(MISSING)
        return OpenSshCamera(folder)
    card = folder / "card"
    card.mkdir(parents=True)
    (card / "empty").touch()  # what is not empty is left as it is
    server = SimulatedCamera(card, *arguments)
    (card / "empty").unlink()
    assert server.card_path == CARD_PATH
    return server


def address_of(server: Server, **given: Any) -> CameraAddress:
    """How to come in, with the right password and key unless told otherwise."""
    values = {
        "id": "cam", "host": server.host, "port": server.port, "user": server.user,
        "password": server.password, "accepted_key": server.fingerprint, **given,
    }  # fmt: skip
    return CameraAddress(**values)


@contextmanager
def cameras_with(**given: Any) -> Iterator[Cameras]:
    """Cameras on this machine, with limits of the test's own."""
    cameras = Cameras(CameraLimits(**{"networks": LOOPBACK, "connects_per_minute": 10_000, **given}))
    try:
        yield cameras
    finally:
        cameras.close()


@contextmanager
def session_with(server: Server, **given: Any) -> Iterator[CameraSession]:
    """One camera, asked over sessions of its own."""
    with cameras_with(**given) as cameras, cameras.session(address_of(server)) as session:
        yield session
