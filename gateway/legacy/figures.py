"""Prometheus figures of the old protocols."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Figures:
    """One set a process; every figure names its protocol."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.open = Gauge("legacy_connections_open", "Connections", ["protocol"], registry=registry)
        self.connections = Counter(
            "legacy_connections", "Connections that ended, and how", ["protocol", "end"], registry=registry
        )
        self.messages = Counter(
            "legacy_messages", "Messages that came", ["protocol", "message"], registry=registry
        )
        self.failures = Counter(
            "legacy_failures", "Requests answered with an error", ["protocol"], registry=registry
        )
        self.bytes = Counter(
            "legacy_bytes", "Bytes of ended connections", ["protocol", "direction"], registry=registry
        )
        self.seconds = Histogram(
            "legacy_request_seconds",
            "From a whole request to its reply",
            ["protocol", "message"],
            registry=registry,
            buckets=SECONDS,
        )
