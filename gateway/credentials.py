"""What a request's head says about who sends it. Pure: headers in, a frozen summary out."""

from collections.abc import Iterable
from dataclasses import dataclass

Headers = Iterable[tuple[bytes, bytes]]
SUBPROTOCOL = "darkroom"  # offered beside the key by WebSocket clients that cannot set headers


@dataclass(slots=True)
class Head:
    """The headers that decide about admission; empty or None where there is none."""

    host: str = ""
    key: str = ""
    session: str = ""
    origin: str | None = None
    site: str | None = None
    subprotocol: bool = False


def read_head(headers: Headers, cookie: str) -> Head:
    """Gather what matters in one pass. A key in Authorization goes before a cookie."""
    head = Head()
    for name, value in headers:
        if name == b"host":
            head.host = value.decode("latin-1")
        elif name == b"authorization":
            head.key = _bearer(value.decode("latin-1")) or head.key
        elif name == b"cookie":
            head.session = _cookie(value.decode("latin-1"), cookie) or head.session
        elif name == b"origin":
            head.origin = value.decode("latin-1")
        elif name == b"sec-fetch-site":
            head.site = value.decode("latin-1")
        elif name == b"sec-websocket-protocol":
            _read_protocols(head, value.decode("latin-1"))
    return head


def without_cookie(value: str, cookie: str) -> str:
    """A Cookie header without our session, which is nobody else's business; perhaps empty."""
    kept = [part.strip() for part in value.split(";") if part.partition("=")[0].strip() != cookie]
    return "; ".join(part for part in kept if part)


def _bearer(value: str) -> str:
    scheme, _, key = value.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _cookie(value: str, cookie: str) -> str:
    for part in value.split(";"):
        name, _, content = part.partition("=")
        if name.strip() == cookie:
            return content.strip().strip('"')
    return ""


def _read_protocols(head: Head, value: str) -> None:
    offered = [part.strip() for part in value.split(",")]
    if SUBPROTOCOL in offered:
        head.subprotocol = True
        head.key = head.key or next((part for part in offered if part.startswith("dk_")), "")
