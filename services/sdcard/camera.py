"""One SSH connection to a camera, every step with a deadline. The only module that imports paramiko.

Nothing is looked up on this machine: no agent, no keys of its user, no known hosts, no configuration.
"""

from __future__ import annotations

import contextlib
import io
import logging
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from services.sdcard.addresses import Target
from services.sdcard.camera_errors import (
    CameraError,
    CameraIncompatible,
    CameraRefused,
    CameraTimeout,
    CameraUnreachable,
    CameraWithoutSftp,
    HostKeyChanged,
    HostKeyUnknown,
    InvalidPrivateKey,
    WrongCredentials,
)
from services.sdcard.limits import CameraLimits
from shared.late import LateModule

if TYPE_CHECKING:
    import paramiko
else:
    paramiko = LateModule("paramiko")  # 15 MiB with what it brings, for the first camera that is connected to

# The first is what the processors of both sides have instructions for: 3 times what AES-CTR with SHA-2 gives.
CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com")
CLOSE_SECONDS = 2.0
GONE_MILLISECONDS = 30_000
OUTPUT_BYTES = 64 * 1024
# paramiko logs each failure with its traceback, and names of users; what matters is in our errors.
LOG = "darkroom.paramiko"
logging.getLogger(LOG).disabled = True


@dataclass(frozen=True, slots=True)
class CameraAddress:
    """Where a camera is, who comes in and what proves it; secrets stay out of repr.

    `accepted_key` is the fingerprint (SHA256:...) that somebody accepted, None before that.
    """

    id: str
    host: str
    port: int
    user: str
    password: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)
    accepted_key: str | None = None


def check_private_key(text: str) -> None:
    """Raises InvalidPrivateKey for what `CameraAddress.private_key` cannot be."""
    _read_key(text)


def _read_key(text: str) -> paramiko.PKey:
    kinds: tuple[type[paramiko.PKey], ...] = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)
    for kind in kinds:
        try:
            return kind.from_private_key(io.StringIO(text))
        except paramiko.PasswordRequiredException:
            raise InvalidPrivateKey("it has a passphrase: give one without") from None
        except (paramiko.SSHException, ValueError, IndexError, TypeError, UnicodeError):
            continue
    raise InvalidPrivateKey("an Ed25519, ECDSA or RSA key in OpenSSH or PEM form is needed")


class Link:
    """A connection that is let in, with an SFTP channel: bytes out, bytes in."""

    def __init__(self, transport: paramiko.Transport, channel: paramiko.Channel) -> None:
        self._transport = transport
        self._channel = channel

    @property
    def alive(self) -> bool:
        """False once the connection is known to have ended."""
        return self._transport.is_active() and not self._channel.closed

    def send(self, data: bytes) -> None:
        """All of it. Raises CameraTimeout, CameraUnreachable."""
        try:
            self._channel.sendall(data)
        except TimeoutError:
            raise CameraTimeout("it takes nothing any more") from None
        except (OSError, EOFError, paramiko.SSHException):
            raise _lost() from None

    def receive(self, size: int, seconds: float) -> bytes:
        """What has come, at most `size` bytes. Raises TimeoutError, CameraUnreachable."""
        self._channel.settimeout(max(seconds, 0.001))
        try:
            data = self._channel.recv(size)
        except TimeoutError:
            raise
        except (OSError, EOFError, paramiko.SSHException):
            raise _lost() from None
        if not data:
            raise _lost()
        return data

    def run(self, command: bytes, seconds: float) -> bytes:
        """What a command prints, in `seconds` altogether. Raises CameraTimeout, CameraUnreachable."""
        output = bytearray()
        try:
            with _within(self._transport, seconds, "it did not finish a command in time"):
                channel = self._transport.open_session()
                with contextlib.closing(channel):
                    channel.exec_command(command)
                    while len(output) < OUTPUT_BYTES and (piece := channel.recv(OUTPUT_BYTES)):
                        output += piece
        except (OSError, EOFError, paramiko.SSHException):
            if not self.alive:
                raise _lost() from None
            return b""  # it runs no commands
        return bytes(output)

    def close(self) -> None:
        """End the connection, its thread and its socket."""
        _close(self._transport)


def connect(address: CameraAddress, targets: list[Target], limits: CameraLimits) -> Link:
    """A connection to the first of the checked targets that answers, once the camera has proved itself.

    Raises the CameraErrors of connecting: see camera_errors.
    """
    key = None if address.private_key is None else _read_key(address.private_key)
    transport = _handshake(_open_socket(targets, limits.connect_seconds), limits)
    try:
        _check_host_key(transport, address.accepted_key)
        _log_in(transport, address, key)
        transport.set_keepalive(max(int(limits.keep_alive_seconds), 1))
        return Link(transport, _open_sftp(transport, limits))
    except BaseException:
        _close(transport)
        raise


def _open_socket(targets: list[Target], seconds: float) -> socket.socket:
    end = time.monotonic() + seconds
    problem: CameraError = CameraUnreachable("it has no address")
    for target in targets:
        left = end - time.monotonic()
        if left <= 0:
            break
        sock = socket.socket(target.family, socket.SOCK_STREAM)
        try:
            sock.settimeout(left)
            sock.connect(target.address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # The kernel ends a connection whose far side is gone, so that no idle session only looks alive.
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, GONE_MILLISECONDS)
            return sock
        except TimeoutError:
            problem = CameraTimeout("no connection in time: it is off, or elsewhere")
        except ConnectionRefusedError:
            problem = CameraRefused("its SSH is off, or it is still starting")
        except OSError:
            problem = CameraUnreachable("there is no way to it: it is off, or elsewhere")
        sock.close()
    raise problem


def _handshake(sock: socket.socket, limits: CameraLimits) -> paramiko.Transport:
    try:
        transport = paramiko.Transport(sock, default_window_size=limits.window_bytes)
    except BaseException:
        sock.close()
        raise
    transport.set_log_channel(LOG)
    others = tuple(c for c in transport.get_security_options().ciphers if c not in CIPHERS)
    transport.get_security_options().ciphers = (*CIPHERS, *others)
    transport.banner_timeout = limits.banner_seconds
    transport.handshake_timeout = limits.banner_seconds
    transport.auth_timeout = limits.auth_seconds
    transport.channel_timeout = limits.channel_seconds
    transport.clear_to_send_timeout = limits.channel_seconds
    began = time.monotonic()
    problem: CameraError | None = None
    try:
        transport.start_client(timeout=limits.banner_seconds)
    except paramiko.SSHException as error:
        problem = _handshake_problem(error)
    except (OSError, EOFError):
        problem = CameraUnreachable("it closed the connection before it had said who it is")
    if problem is None and transport.initial_kex_done:
        return transport
    _close(transport)
    if problem is None or time.monotonic() - began >= limits.banner_seconds:
        # Paramiko says of its own deadline that the connection was closed.
        problem = CameraTimeout("it did not say who it is in time")
    raise problem


def _handshake_problem(error: paramiko.SSHException) -> CameraError:
    if isinstance(error, paramiko.ssh_exception.IncompatiblePeer):
        return CameraIncompatible("it has no algorithm that is still held to be safe")
    said = str(error)
    if "Error reading SSH protocol banner" in said:
        return CameraTimeout("it said nothing in time, or something that is not SSH")
    if "Indecipherable protocol version" in said or "Incompatible version" in said:
        return CameraIncompatible("what listens there is not SSH 2")
    return CameraUnreachable("it broke off while the connection was made")


def _check_host_key(transport: paramiko.Transport, accepted: str | None) -> None:
    key = transport.get_remote_server_key()
    shown: dict[str, Any] = {"fingerprint": key.fingerprint, "key_type": key.get_name()}
    if accepted is None:
        raise HostKeyUnknown(f"it shows {key.fingerprint}: accept it if that is the camera's", **shown)
    if key.fingerprint != accepted:
        raise HostKeyChanged(f"it shows {key.fingerprint} and not {accepted}", accepted=accepted, **shown)


def _log_in(transport: paramiko.Transport, address: CameraAddress, key: paramiko.PKey | None) -> None:
    ways = (
        key and (lambda: transport.auth_publickey(address.user, key)),
        address.password is not None
        and (lambda: transport.auth_password(address.user, address.password or "")),
    )
    for way in filter(callable, ways):
        try:
            way()
        except paramiko.AuthenticationException as error:
            if _is_late(error):
                raise CameraTimeout("it did not decide in time whether to let us in") from None
            if not transport.is_active():
                break
        except (paramiko.SSHException, OSError, EOFError):
            raise CameraUnreachable("it broke off while we logged in") from None
        if transport.is_authenticated():
            return
    raise WrongCredentials("it lets nobody in with this user and password or key")


def _open_sftp(transport: paramiko.Transport, limits: CameraLimits) -> paramiko.Channel:
    try:
        with _within(transport, limits.channel_seconds, "it let us in and then said nothing"):
            channel = transport.open_session(window_size=limits.window_bytes)
            channel.invoke_subsystem("sftp")
    except (paramiko.SSHException, OSError, EOFError):
        if not transport.is_active():
            raise CameraUnreachable("it broke off after it had let us in") from None
        raise CameraWithoutSftp("it has SSH and starts no SFTP") from None
    return channel


@contextlib.contextmanager
def _within(transport: paramiko.Transport, seconds: float, late: str) -> Iterator[None]:
    """A deadline for what paramiko waits for without one: the connection is ended. Raises CameraTimeout."""
    over = threading.Event()

    def end() -> None:
        over.set()
        transport.close()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (paramiko.SSHException, OSError, EOFError):
        if over.is_set():
            raise CameraTimeout(late) from None
        raise
    finally:
        timer.cancel()
        timer.join()


def _is_late(error: Exception) -> bool:
    """Paramiko tells a deadline from other trouble by its words alone."""
    return str(error) == "Authentication timeout."


def _close(transport: paramiko.Transport) -> None:
    transport.close()
    transport.sock.close()
    if transport.is_alive():
        transport.join(CLOSE_SECONDS)


def _lost() -> CameraUnreachable:
    return CameraUnreachable("the connection broke")
