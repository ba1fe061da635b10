"""Which hosts may be connected to: their names looked up once, every address of theirs checked."""

import ipaddress
import socket
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import Any

from services.sdcard.camera_errors import CameraTimeout, CameraUnreachable, HostNotAllowed

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
LOOKUPS = 4


@dataclass(frozen=True, slots=True)
class Target:
    """A checked address, as a socket takes it: nothing is looked up again, so nothing can have changed."""

    family: int
    address: tuple[Any, ...]

    @property
    def host(self) -> str:
        """The address alone."""
        return str(self.address[0])


def parse_networks(text: str) -> tuple[Network, ...]:
    """Networks separated by commas. Raises ValueError."""
    parts = [part.strip() for part in text.split(",")]
    return tuple(ipaddress.ip_network(part, strict=False) for part in parts if part)


def is_allowed(address: Address, networks: tuple[Network, ...]) -> bool:
    """Whether the address lies in one of the networks; loopback only in one that is all loopback."""
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    if address.is_unspecified or address.is_multicast:
        return False
    inside = (n for n in networks if n.version == address.version and address in n)
    return any(not address.is_loopback or n.is_loopback for n in inside)


class Addresses:
    """Looks names up in threads of its own, because the system's look-up cannot be given a deadline."""

    def __init__(self, networks: str) -> None:
        self._networks = parse_networks(networks)
        self._threads = ThreadPoolExecutor(LOOKUPS, thread_name_prefix="camera-names")
        self._lock = Lock()
        self._asked: dict[tuple[str, int], Future[list[Target]]] = {}

    def targets(self, host: str, port: int, seconds: float) -> list[Target]:
        """Where to connect to. Raises HostNotAllowed, CameraUnreachable, CameraTimeout."""
        targets = self._look_up(host, port, seconds)
        for target in targets:
            if not is_allowed(ipaddress.ip_address(target.host.partition("%")[0]), self._networks):
                raise HostNotAllowed("cameras are reached in the configured networks alone")
        return targets

    def _look_up(self, host: str, port: int, seconds: float) -> list[Target]:
        try:
            literal = ipaddress.ip_address(host)
        except ValueError:
            return self._ask(host, port, seconds)
        family = socket.AF_INET if literal.version == 4 else socket.AF_INET6
        return [Target(family, (str(literal), port))]

    def _ask(self, host: str, port: int, seconds: float) -> list[Target]:
        with self._lock:  # one look-up a name: a slow name server holds one thread, however many ask
            future = self._asked.get((host, port))
            if future is None:
                future = self._threads.submit(_resolve, host, port)
                self._asked[host, port] = future
                future.add_done_callback(lambda _: self._asked.pop((host, port), None))
        try:
            return future.result(seconds)
        except TimeoutError:
            raise CameraTimeout("its name could not be looked up in time") from None

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _resolve(host: str, port: int) -> list[Target]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise CameraUnreachable("there is no host of that name") from None
    return list(dict.fromkeys(Target(family, address) for family, _, _, _, address in found))
