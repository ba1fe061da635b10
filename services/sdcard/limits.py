"""The figures of limits.md that hold for each camera."""

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class CameraLimits:
    """Deadlines in seconds, rates in bytes a second.

    `operations` is how many things may be asked of one camera at once, over `sessions` SSH connections.
    `window_bytes` is how much may be on its way from a camera before somebody wants it.
    """

    networks: str = "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7"
    sessions: int = 2
    operations: int = 16
    connects_per_minute: int = 6
    connect_seconds: float = 5.0
    banner_seconds: float = 10.0
    auth_seconds: float = 10.0
    channel_seconds: float = 10.0
    keep_alive_seconds: float = 15.0
    idle_seconds: float = 120.0
    backoff_seconds: float = 30.0
    bytes_per_second: int = 16 * 1024
    listing_entries: int = 10_000
    window_bytes: int = 2 * MIB
