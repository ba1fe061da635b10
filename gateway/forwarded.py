"""Who is behind a proxy of our own: limits by address and services see the client, not the proxy."""

import ipaddress
from collections.abc import Sequence

from starlette.types import Scope

from gateway.settings import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
HEADER = b"x-forwarded-for"


class TrustedProxies:
    """Reads X-Forwarded-For from the right, as far as it was written by proxies that are trusted.

    What stands further left anybody can have written. From others the header means nothing.
    """

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = networks

    def resolve(self, scope: Scope) -> None:
        """Put the client in the proxy's place."""
        client = scope.get("client")
        if not self._networks or not client or not self._is_trusted(client[0]):
            return
        named = b",".join(value for name, value in scope["headers"] if name == HEADER).decode("latin-1")
        found = client[0]
        for hop in reversed(named.split(",")):
            address = _address(hop)
            if address is None:
                break
            found = str(address)
            if not self._is_trusted(found):
                break
        if found != client[0]:
            scope["client"] = (found, 0)

    def _is_trusted(self, text: str) -> bool:
        address = _address(text)
        return address is not None and any(address in network for network in self._networks)


def _address(text: str) -> Address | None:
    try:
        found = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found
