"""TLS on the second ports, with what `init-tls` makes."""

import socket
import ssl
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from bench.photos import photo
from gateway.legacy.certificates import init_tls
from tests.gateway.legacy.conftest import StartDoor
from tests.legacy_clients.imagestore import ImageClient
from tests.legacy_clients.processing import ProcessingClient
from tests.legacy_clients.service import Service
from tests.legacy_clients.tagging import TAGS, Refused, TaggingClient
from tests.scripts.stack_process import ROOT
from tests.stack import bare_environment


def context_of(folder: Path, *, client: bool = False) -> ssl.SSLContext:
    """A client that trusts the authority, and shows its certificate if it is to."""
    context = ssl.create_default_context(cafile=str(folder / "authority.crt"))
    if client:
        context.load_cert_chain(folder / "client.crt", folder / "client.key")
    return context


def test_all_three_protocols_within_tls(
    start_door: StartDoor, tmp_path: Path, imagestore: Service, processing: Service
) -> None:
    folder = tmp_path / "tls"
    init_tls(folder, ["localhost", "127.0.0.1"])
    door = start_door(
        {"imagestore": imagestore.url, "processing": processing.url},
        DARKROOM_LEGACY_TLS_CERTIFICATE=str(folder / "server.crt"),
        DARKROOM_LEGACY_TLS_KEY=str(folder / "server.key"),
    )
    context = context_of(folder)

    def connect(protocol: str) -> ssl.SSLSocket:
        plain = socket.create_connection(door.address(protocol, tls=True), 30)
        return context.wrap_socket(plain, server_hostname="localhost")

    content = photo(640, 480)
    images = ImageClient(("", 0), lambda: connect("imagestore"))
    images.save("within tls.jpg", content)
    assert images.fetch("within tls.jpg") == ("within_tls.jpg", len(content), content)
    with TaggingClient(("", 0), connect=lambda: connect("tagging")) as annotator:
        annotator.send(TAGS)
        assert isinstance(annotator.read_tags(), Refused)
    app = ProcessingClient(("", 0), lambda: connect("processing"))
    app.upload([(content, 2), (content, 6)])
    assert [picture[:2] for picture in app.read_all(2)] == [b"\xff\xd8"] * 2
    app.close()
    # the plain port goes on beside it
    assert "within_tls.jpg" in ImageClient(door.address("imagestore")).listing()


def test_mutual_tls_lets_in_only_whom_the_authority_knows(
    start_door: StartDoor, tmp_path: Path, imagestore: Service
) -> None:
    folder, other = tmp_path / "tls", tmp_path / "other"
    for one in (folder, other):
        init_tls(one, ["localhost"])
    door = start_door(
        {"imagestore": imagestore.url},
        DARKROOM_LEGACY_TLS_CERTIFICATE=str(folder / "server.crt"),
        DARKROOM_LEGACY_TLS_KEY=str(folder / "server.key"),
        DARKROOM_LEGACY_TLS_CLIENT_AUTHORITY=str(folder / "authority.crt"),
    )
    stranger = context_of(folder)
    stranger.load_cert_chain(other / "client.crt", other / "client.key")

    def listing(context: ssl.SSLContext) -> bytes:
        """What a client with that context gets; nothing where it is refused."""
        with (
            suppress(ssl.SSLError, ConnectionError),
            socket.create_connection(door.address("imagestore", tls=True), 10) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as wrapped,
        ):
            wrapped.sendall(b"list, N/A, N/A")
            return wrapped.recv(4069)
        return b""

    assert listing(context_of(folder)) == b""
    assert listing(stranger) == b""
    assert listing(context_of(folder, client=True)).startswith(b"[")


def test_init_tls_makes_what_the_settings_name_and_replaces_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gateway.legacy", "init-tls", "darkroom.example", "192.0.2.7"]
    environment = bare_environment(DARKROOM_DATA_DIR=str(tmp_path))
    made = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    folder = tmp_path / "legacy" / "tls"
    names = ["authority.crt", "authority.key", "client.crt", "client.key", "server.crt", "server.key"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert sorted(Path(line).name for line in made.stdout.split()) == names
    assert "DARKROOM_LEGACY_TLS_CERTIFICATE=" in made.stderr
    assert all((folder / name).stat().st_mode & 0o077 == 0 for name in names if name.endswith(".key"))
    before = [path.read_bytes() for path in sorted(folder.iterdir())]
    again = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert "there already" in again.stderr
    assert [path.read_bytes() for path in sorted(folder.iterdir())] == before


def test_certificates_that_cannot_be_used_are_one_sentence(start_door: StartDoor, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="legacy: the certificates for TLS cannot be used"):
        start_door(
            DARKROOM_LEGACY_TLS_CERTIFICATE=str(tmp_path / "none.crt"),
            DARKROOM_LEGACY_TLS_KEY=str(tmp_path / "none.key"),
        )
