"""Who calls, and how they reach us: what the gateway says of a request in its headers."""

from urllib.parse import quote

from starlette.types import Scope

from shared.web.middleware import find_header

ACTOR_HEADER = b"x-darkroom-actor"


def actor(scope: Scope) -> str:
    """The name of the caller's key; `service` for one that came with the service token alone."""
    value = find_header(scope, ACTOR_HEADER)
    return value.decode("utf-8", "replace") if value else "service"


def public_root(scope: Scope) -> str:
    """Scheme and host that the caller sees, such as http://127.0.0.1:8000, without a slash at the end."""
    scheme = find_header(scope, b"x-forwarded-proto") or scope["scheme"].encode()
    host = find_header(scope, b"x-forwarded-host") or find_header(scope, b"host") or b"localhost"
    return f"{scheme.decode('ascii', 'replace')}://{host.decode('ascii', 'replace')}"


def public_base(scope: Scope) -> str:
    """The same with the prefix below which the caller reaches this service."""
    prefix = find_header(scope, b"x-forwarded-prefix") or b""
    return public_root(scope) + prefix.decode("ascii", "replace")


def path_part(name: str) -> str:
    """A name as one part of a path."""
    return quote(name, safe="")
