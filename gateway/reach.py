"""Where other devices reach this gateway: the address that was set, and this machine's own."""

import ipaddress
import socket
from collections.abc import Callable

import ifaddr

from gateway.origins import Origins
from gateway.settings import GatewaySettings, bracketed, is_loopback, is_unspecified
from shared.contracts.devices import Reach, ReachableAt

# Networks inside this machine, of containers and virtual machines: nothing outside reaches them.
INNER = ("docker", "veth", "br-", "virbr", "vmnet", "lxc", "lxd", "cni", "podman")
Look = Callable[[str], list[str]]


def own_addresses(host: str) -> list[str]:
    """The addresses that a server bound to `host` has for others, the one towards the internet first.

    IPv4 for 0.0.0.0, IPv6 for `::`. A host that is an address or a name itself is the only one.
    """
    if is_loopback(host):
        return []
    if not is_unspecified(host):
        return [host]
    wanted = 6 if ":" in host else 4
    found = [
        address
        for adapter in ifaddr.get_adapters()
        if not (adapter.name or "").startswith(INNER)
        for address in (ip.ip if isinstance(ip.ip, str) else ip.ip[0] for ip in adapter.ips)
        if _is_for_others(address, wanted)
    ]
    first = _towards_internet(wanted)
    return sorted(dict.fromkeys(found), key=lambda address: address != first)


def tell_reach(settings: GatewaySettings, announced: str | None, look: Look = own_addresses) -> Reach:
    """All of it for people; `announced` is the name that this machine answers to on its network.

    What the Host allow-list does not let in is left out.
    """
    origins = Origins(settings)
    names = [bracketed(address) for address in look(settings.host)]
    found = [
        ReachableAt(kind="address", url=f"http://{name}:{settings.port}")
        for name in names
        if origins.is_ours(name)
    ]
    if announced is not None:
        found.append(ReachableAt(kind="name", url=f"http://{announced}:{settings.port}"))
    if settings.public_url:
        # A cookie that is Secure, and an origin with https, work there alone.
        public = ReachableAt(kind="public", url=settings.public_url.rstrip("/"))
        found = [public] if settings.secure else [public, *found]
    listens = "loopback" if is_loopback(settings.host) else "network"
    return Reach(listens=listens, addresses=found, sign_in=settings.auth == "on")


def _is_for_others(text: str, version: int) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    return address.version == version and not (address.is_loopback or address.is_link_local)


def _towards_internet(version: int) -> str:
    """The address that packets out of here carry. Connecting a UDP socket sends nothing."""
    family, target = (socket.AF_INET, "192.0.2.1") if version == 4 else (socket.AF_INET6, "2001:db8::1")
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((target, 9))
            return str(probe.getsockname()[0])
    except OSError:
        return ""
