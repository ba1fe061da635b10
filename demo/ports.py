"""Ports of this machine for servers that are started for a while."""

import random
import socket

# Below those that Linux gives to connections going out (32768 and above): one of these could have a port
# by the time that it is to be listened at.
_PLACES = range(15_000, 32_000)
_chance = random.SystemRandom()


def free_port() -> int:
    """A port that nobody has, at any address."""
    return adjacent_ports(1)


def free_ports(count: int) -> list[int]:
    """As many, no two the same."""
    found: set[int] = set()
    while len(found) < count:
        found.add(free_port())
    return list(found)


def adjacent_ports(count: int) -> int:
    """The first of `count` ports in a row that nobody has."""
    while True:
        first = _chance.choice(_PLACES)
        if all(_is_free(port) for port in range(first, first + count)):
            return first


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("0.0.0.0", port))
        except OSError:
            return False
        return True
