"""The gateway's settings: DARKROOM_GATEWAY_*, and those it shares with others."""

import ipaddress
import os
import socket
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator
from pydantic_settings import SettingsConfigDict
from yarl import URL

from shared.settings import MIB, Port, ServiceSettings, everywhere

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
PORTS = {"tagging": 8001, "imagestore": 8002, "processing": 8003, "sdcard": 8004}


@dataclass(frozen=True, slots=True)
class Upstream:
    """A service behind the gateway: its name, and where it listens (no slash at the end).

    Where `url` names several addresses, separated by commas, they become `replicas`, and `url` one name
    that stands for all of them (gateway/replicas.py). Raises ValueError for what is not an http address.
    """

    name: str
    url: str
    replicas: tuple[tuple[str, int], ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        """Parse the addresses once."""
        given = [url.rstrip("/") for url in split_list(self.url)]
        parsed = [URL(url) for url in given]
        if not parsed or any(each.scheme not in {"http", "https"} or not each.host for each in parsed):
            raise ValueError(f"{self.url!r} is not an address of a service: http://host:port is")
        if len(parsed) == 1:
            object.__setattr__(self, "url", given[0])
            return
        if len({(each.scheme, each.path) for each in parsed}) > 1:
            raise ValueError(f"{self.url!r}: the addresses of replicas differ in host and port alone")
        shared_name = parsed[0].with_host(f"{self.name}.replicas")
        object.__setattr__(self, "url", str(shared_name).rstrip("/"))
        object.__setattr__(self, "replicas", tuple((each.host, each.port) for each in parsed))

    @property
    def host(self) -> str:
        """The name that connections are made to."""
        return URL(self.url).host or ""


class GatewaySettings(ServiceSettings):
    """What the gateway can be told."""

    model_config = SettingsConfigDict(env_prefix="DARKROOM_GATEWAY_")

    port: Port = 8000
    public_url: str = ""
    auth: Literal["on", "off"] = Field("on", validation_alias=everywhere("auth"))
    allowed_hosts: str = Field("", validation_alias=everywhere("allowed_hosts"))
    allowed_origins: str = Field("", validation_alias=everywhere("allowed_origins"))
    services: str = Field("tagging,imagestore,processing,sdcard", validation_alias=everywhere("services"))
    service_urls: dict[str, str] = Field(default_factory=lambda data: urls_from_environment(data["services"]))
    admin_key_file: Path | None = None
    trusted_proxies: str = ""

    connect_seconds: PositiveFloat = 2.0
    read_seconds: PositiveFloat = 30.0
    requests_per_second: NonNegativeFloat = 100.0
    request_burst: PositiveInt = 200
    sign_ins_per_minute: PositiveInt = 5
    session_days: PositiveFloat = 30.0
    sign_in_code_seconds: PositiveFloat = 120.0
    announce: bool = True
    announce_as: str = Field("darkroom", pattern=r"^[a-z0-9]([a-z0-9-]{0,58}[a-z0-9])?$")

    max_sockets: PositiveInt = 12_000
    socket_message_bytes: PositiveInt = 64 * 1024
    socket_queue_events: PositiveInt = 256
    socket_queue_bytes: PositiveInt = MIB
    socket_subscriptions: PositiveInt = 100
    socket_ping_seconds: PositiveFloat = 20.0
    remembered_events: PositiveInt = 2048
    remembered_bytes: PositiveInt = 8 * MIB

    @model_validator(mode="after")
    def _refuse_open_doors(self) -> "GatewaySettings":
        if self.auth == "off" and not is_loopback(self.host):
            raise ValueError(
                f"DARKROOM_AUTH=off works on a loopback address only, and this binds {self.host}: "
                "set DARKROOM_GATEWAY_HOST=127.0.0.1, or leave keys on"
            )
        assert self.proxies is not None
        assert self.upstreams is not None  # an address that is none shows here, not at the first request
        return self

    @cached_property
    def upstreams(self) -> dict[str, Upstream]:
        """The services by name. They come from settings alone, never from a request."""
        return {name: Upstream(name, url) for name, url in self.service_urls.items()}

    @cached_property
    def proxies(self) -> list[Network]:
        """Where the proxies are whose X-Forwarded-For is believed."""
        return [ipaddress.ip_network(one, strict=False) for one in split_list(self.trusted_proxies)]

    @property
    def effective_admin_key_file(self) -> Path:
        """Where the admin key is kept for the machine's own user."""
        return self.admin_key_file or self.data_dir / "admin.key"

    @cached_property
    def origins(self) -> frozenset[str]:
        """Origins, besides our own, whose pages may call us."""
        own = str(URL(self.public_url).origin()) if self.public_url else ""
        return frozenset(filter(None, (own, *split_list(self.allowed_origins))))

    @cached_property
    def hosts(self) -> frozenset[str]:
        """Names that a Host header may hold, without port; `*` stands for any."""
        given = split_list(self.allowed_hosts) or ["localhost", "127.0.0.1", "[::1]", bracketed(self.host)]
        if self.public_url:
            given.append(bracketed(URL(self.public_url).host or ""))
        if is_unspecified(self.host):
            given.append(socket.gethostname())
        if self.announces:
            given += self.announced_names
        return frozenset(name.lower() for name in given)

    @property
    def announces(self) -> bool:
        """Whether the local network is told of us: others reach us, and not by https at another place."""
        return self.announce and not is_loopback(self.host) and not self.secure

    @property
    def announced_names(self) -> list[str]:
        """What we answer to on the local network: the first of these that no other machine has."""
        return [f"{self.announce_as}{more}.local" for more in ("", *(f"-{n}" for n in range(2, 10)))]

    @property
    def secure(self) -> bool:
        """Whether browsers reach us by https."""
        return self.public_url.startswith("https:")

    @property
    def cookie(self) -> str:
        """The session cookie's name: cookies know no ports, and two stacks may share a host."""
        return f"darkroom_session_{self.port}"


def split_list(value: str) -> list[str]:
    """A list in one variable, separated by commas or spaces."""
    return value.replace(",", " ").split()


def bracketed(host: str) -> str:
    """The host as a Host header writes it: IPv6 addresses in brackets."""
    return f"[{host}]" if ":" in host else host


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what is bound to the host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_unspecified(host: str) -> bool:
    """Whether the host stands for every address of the machine (0.0.0.0, ::)."""
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return host == ""


def urls_from_environment(services: str) -> dict[str, str]:
    """Addresses of the services named: DARKROOM_<SERVICE>_URL, else its _PORT on this machine."""
    return {name: _url_from_environment(name) for name in split_list(services)}


def _url_from_environment(name: str) -> str:
    if not name.isidentifier():
        raise ValueError(f"{name!r} in DARKROOM_SERVICES is not a name of a service")
    upper = f"DARKROOM_{name.upper()}"
    port = os.environ.get(f"{upper}_PORT") or PORTS.get(name)
    url = os.environ.get(f"{upper}_URL") or (f"http://127.0.0.1:{port}" if port else "")
    if not url:
        raise ValueError(f"{upper}_URL is not set, and {name} has no port of its own")
    return url
