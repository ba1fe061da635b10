"""Settings of the old clients' door: DARKROOM_LEGACY_*."""

from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from pydantic import Field, PositiveFloat, PositiveInt, model_validator
from pydantic_settings import SettingsConfigDict

from gateway.legacy.surroundings import host_address
from gateway.settings import is_loopback, split_list, urls_from_environment
from shared.settings import MIB, DeployableSettings, Port

HOST = "host"
PROTOCOLS = ("tagging", "imagestore", "processing")
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Limits:
    """What a client may do; sizes in bytes, times in seconds."""

    port_connections: int
    address_connections: int
    silence: float
    stall: float
    frame: int
    header: int
    batch: int
    batch_images: int
    pipeline: int
    pause: float
    patience: float


class LegacySettings(DeployableSettings):
    """What the old clients' door can be told. `port` is that of health and figures."""

    model_config = SettingsConfigDict(env_prefix="DARKROOM_LEGACY_")

    port: Port = 8005
    tagging_port: Port = 52973
    imagestore_port: Port = 9999
    processing_port: Port = 55548
    tagging_tls_port: Port = 52974
    imagestore_tls_port: Port = 9998
    processing_tls_port: Port = 55549
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_client_authority: Path | None = None
    networks: str = ""
    dataset: str = ""
    service_urls: dict[str, str] = Field(default_factory=lambda: urls_from_environment(",".join(PROTOCOLS)))

    port_connections: PositiveInt = 256
    address_connections: PositiveInt = 32
    silence_seconds: PositiveFloat = 30.0
    stall_seconds: PositiveFloat = 300.0
    frame_bytes: PositiveInt = 64 * MIB
    text_header_bytes: PositiveInt = 1024
    batch_bytes: PositiveInt = 1024 * MIB
    batch_images: PositiveInt = 10_000
    pipelined: PositiveInt = 64
    pause_seconds: PositiveFloat = 0.03
    patience_seconds: PositiveFloat = 10.0

    @model_validator(mode="after")
    def _refuse_open_doors(self) -> "LegacySettings":
        allowed = self.allowed  # what is no network shows here, not when the first client comes
        if not is_loopback(self.host) and not allowed:
            raise ValueError(
                f"the old protocols know no keys, and this binds {self.host}: set DARKROOM_LEGACY_NETWORKS "
                "to the networks whose clients may come in, or DARKROOM_LEGACY_HOST=127.0.0.1"
            )
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("DARKROOM_LEGACY_TLS_CERTIFICATE and DARKROOM_LEGACY_TLS_KEY go together")
        if self.tls_client_authority is not None and self.tls_certificate is None:
            raise ValueError("DARKROOM_LEGACY_TLS_CLIENT_AUTHORITY needs DARKROOM_LEGACY_TLS_CERTIFICATE")
        return self

    @cached_property
    def allowed(self) -> tuple[Network, ...]:
        """Networks whose clients may come in, beside this machine's own. Raises ValueError.

        `host` stands for the machine that our container runs on.
        """
        return tuple(ip_network(host_address() if one == HOST else one) for one in split_list(self.networks))

    @cached_property
    def limits(self) -> Limits:
        """The figures of limits.md as one object."""
        return Limits(
            port_connections=self.port_connections,
            address_connections=self.address_connections,
            silence=self.silence_seconds,
            stall=self.stall_seconds,
            frame=self.frame_bytes,
            header=self.text_header_bytes,
            batch=self.batch_bytes,
            batch_images=self.batch_images,
            pipeline=self.pipelined,
            pause=self.pause_seconds,
            patience=self.patience_seconds,
        )

    def plain_port(self, protocol: str) -> int:
        """The port of a protocol."""
        return int(getattr(self, f"{protocol}_port"))

    def tls_port(self, protocol: str) -> int:
        """The port of a protocol within TLS."""
        return int(getattr(self, f"{protocol}_tls_port"))
