"""The machine around a container: who our own machine's clients seem to be."""

from ipaddress import IPv4Address
from pathlib import Path

ROUTES = Path("/proc/net/route")
EVERYWHERE = "00000000"


def host_address(routes: Path = ROUTES) -> IPv4Address:
    """The address of the default route: in a container the machine that it runs on.

    A port that is published on that machine's loopback is reached from this address. Raises ValueError
    where there is no default route.
    """
    for line in routes.read_text().splitlines()[1:]:
        _, destination, gateway, *_ = line.split()
        if destination == EVERYWHERE and gateway != EVERYWHERE:
            return IPv4Address(bytes.fromhex(gateway)[::-1])
    raise ValueError("DARKROOM_LEGACY_NETWORKS names the host, and there is no default route to one")
