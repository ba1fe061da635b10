"""Coming in, and every way not to: over OpenSSH and over the simulated camera."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from demo.ports import free_port
from services.sdcard.camera import CameraAddress, check_private_key
from services.sdcard.camera_errors import (
    CameraBusy,
    CameraIncompatible,
    CameraRefused,
    CameraTimeout,
    CameraUnreachable,
    HostKeyChanged,
    HostKeyUnknown,
    HostNotAllowed,
    InvalidPrivateKey,
    TooManyConnects,
    WrongCredentials,
)
from tests.services.sdcard.openssh import OpenSsh
from tests.services.sdcard.servers import KINDS, Server, address_of, cameras_with, start_server

KEY = Ed25519PrivateKey.generate()
PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
PUBLIC = KEY.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


@pytest.fixture(scope="module", params=KINDS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all tests that leave it as it is."""
    server = start_server(request.param, tmp_path_factory.mktemp("server"), "--authorized-key", PUBLIC)
    (server.card / "here").touch()
    yield server
    server.close()


def names(address: CameraAddress) -> list[str]:
    """What lies on the card, found over a connection of its own."""
    with cameras_with() as cameras, cameras.session(address) as session:
        return [
            entry.name
            for entry in session.list_folder("/mnt/sdcard" if "/" not in address.id else address.id)
        ]


def card_names(server: Server, **given: str | None) -> list[str]:
    return names(address_of(server, id=server.card_path, **given))


def private_key(server: Server) -> str:
    return server.private_key if isinstance(server, OpenSsh) else PRIVATE


def test_a_password(server: Server) -> None:
    assert card_names(server) == ["here"]


def test_a_key(server: Server) -> None:
    assert card_names(server, password=None, private_key=private_key(server)) == ["here"]


def test_a_key_that_is_not_taken_and_a_password_that_is(server: Server) -> None:
    if not isinstance(server, OpenSsh):
        return  # asyncssh ends a connection that asks for the second way as paramiko does
    other = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    assert card_names(server, private_key=other.decode()) == ["here"]


@pytest.mark.parametrize("given", [{"password": "no"}, {"password": None}, {"user": "nobody-here"}])
def test_who_does_not_come_in(server: Server, given: dict[str, str | None]) -> None:
    with pytest.raises(WrongCredentials) as refused:
        card_names(server, **given)
    assert (refused.value.status, refused.value.code) == (409, "wrong_credentials")
    assert server.password not in repr(address_of(server))


def test_a_key_that_nobody_has_accepted(server: Server) -> None:
    with pytest.raises(HostKeyUnknown) as refused:
        card_names(server, accepted_key=None)
    assert (refused.value.status, refused.value.extra["fingerprint"]) == (409, server.fingerprint)


def test_another_key_than_the_accepted_one(server: Server) -> None:
    before = server.fingerprint
    server.change_key()
    with pytest.raises(HostKeyChanged) as refused:
        card_names(server, accepted_key=before)
    assert refused.value.extra["fingerprint"] == server.fingerprint != before
    assert refused.value.extra["accepted"] == before
    assert card_names(server) == ["here"]


@pytest.mark.parametrize(
    ("host", "networks"),
    [
        ("127.0.0.1", "10.0.0.0/8"),
        ("127.0.0.1", "0.0.0.0/0"),
        ("localhost", "192.168.0.0/16,::/0"),
        ("::ffff:127.0.0.1", "::/0,0.0.0.0/0"),
        ("0.0.0.0", "0.0.0.0/0,127.0.0.0/8"),
        ("127.1", "0.0.0.0/0"),
        ("8.8.8.8", "10.0.0.0/8,127.0.0.0/8"),
        ("169.254.169.254", "10.0.0.0/8"),
    ],
)
def test_a_host_elsewhere_is_not_connected_to(host: str, networks: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, cameras_with(networks=networks) as cameras:
        port = listening.getsockname()[1]
        address = CameraAddress("cam", host, port, "root", "x", None, "SHA256:x")
        with pytest.raises(HostNotAllowed) as refused, cameras.session(address) as session:
            session.stat("/")
        assert (refused.value.status, refused.value.code) == (403, "camera_host_not_allowed")
        listening.settimeout(0.05)
        with pytest.raises(TimeoutError):
            listening.accept()


def test_what_is_wrong_on_the_way() -> None:
    with cameras_with(connect_seconds=0.3) as cameras:
        with pytest.raises(CameraRefused), cameras.session(at(free_port(), "off")) as session:
            session.stat("/")
        unknown = CameraAddress("no-name", "no-such-camera.invalid", 22, "root", "x")
        with pytest.raises((CameraUnreachable, CameraTimeout)), cameras.session(unknown) as session:
            session.stat("/")


def at(port: int, name: str = "cam") -> CameraAddress:
    return CameraAddress(name, "127.0.0.1", port, "root", "x", None, "SHA256:x")


@pytest.mark.parametrize(
    ("says", "problem"),
    [
        (b"", CameraTimeout),
        (b"HTTP/1.1 400 Bad Request\r\n" * 200, (CameraTimeout, CameraIncompatible)),
        (b"SSH-1.5-old\r\n", CameraIncompatible),
        (b"SSH-2.0-stuck\r\n", CameraTimeout),
    ],
)
def test_what_listens_is_no_camera(says: bytes, problem: type[Exception]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        held: list[socket.socket] = []

        def answer() -> None:
            connection, _ = listening.accept()
            connection.sendall(says)
            held.append(connection)

        thread = threading.Thread(target=answer)
        thread.start()
        with (
            cameras_with(banner_seconds=0.4) as cameras,
            cameras.session(at(listening.getsockname()[1])) as session,
            pytest.raises(problem),
        ):
            session.stat("/")
        thread.join()
        held[0].close()


def test_a_camera_that_was_off_is_left_alone_for_a_while() -> None:
    port = free_port()
    with cameras_with(backoff_seconds=60.0) as cameras, cameras.session(at(port)) as session:
        with pytest.raises(CameraRefused):
            session.stat("/")
        with socket.create_server(("127.0.0.1", port)) as listening:
            with pytest.raises(CameraRefused):
                session.stat("/")
            listening.settimeout(0.05)
            with pytest.raises(TimeoutError):
                listening.accept()
            cameras.forget("cam")


def test_connects_are_counted_by_host(server: Server) -> None:
    with cameras_with(connects_per_minute=2, sessions=1) as cameras:
        for n in range(2):
            with cameras.session(address_of(server, id=f"cam{n}")) as session:
                assert session.list_folder(server.card_path)
        with (
            pytest.raises(TooManyConnects) as refused,
            cameras.session(address_of(server, id="cam2")) as session,
        ):
            session.list_folder(server.card_path)
        assert 0 < int(refused.value.headers["Retry-After"]) <= 61
        with cameras.session(address_of(server, id="cam1")) as session:
            assert session.list_folder(server.card_path)


def test_not_everything_at_once(server: Server) -> None:
    with cameras_with(operations=2) as cameras:
        address = address_of(server)
        with cameras.session(address), cameras.session(address):
            with pytest.raises(CameraBusy), cameras.session(address):
                pass
            with cameras.session(address_of(server, id="other")):
                pass
        with cameras.session(address) as session:
            assert session.list_folder(server.card_path)


def test_sessions_that_nobody_uses_are_ended(server: Server) -> None:
    before = threading.active_count()
    with cameras_with(idle_seconds=0.1) as cameras:
        with cameras.session(address_of(server)) as session:
            session.list_folder(server.card_path)
        for _ in range(100):
            if threading.active_count() == before + 1:  # the one that ends them
                break
            time.sleep(0.05)
        assert threading.active_count() == before + 1


@pytest.mark.parametrize(
    "text",
    ["", "no key", PUBLIC, PRIVATE[: len(PRIVATE) // 2], "-----BEGIN RSA PRIVATE KEY-----\n\n"],
    ids=["empty", "words", "public", "half", "head"],
)
def test_what_is_no_private_key(text: str) -> None:
    with pytest.raises(InvalidPrivateKey):
        check_private_key(text)


def test_private_keys(tmp_path: Path) -> None:
    check_private_key(PRIVATE)
