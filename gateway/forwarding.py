"""What of a request and an answer passes through the gateway. Pure rules over heads, RFC 9110 and 9112."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.credentials import without_cookie
from shared.errors import BadRequest

RawHeaders = Sequence[tuple[bytes, bytes]]

# RFC 9110, 7.6.1: they speak of one connection, not of the message.
HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
# What clients may not claim, and what is ours: the key stays here, and the host is the service's own.
NOT_FORWARDED = HOP_BY_HOP | {b"host", b"authorization", b"cookie", b"forwarded", b"expect", b"x-request-id"}
OWN_PREFIXES = (b"x-forwarded-", b"x-darkroom-")
NOT_RETURNED = HOP_BY_HOP | {b"date", b"server", b"x-request-id"}  # the gateway's server sets its own
NO_CONTENT = frozenset({204, 304})

FORBIDDEN_IN_PATH = re.compile(rb"%2f|%5c|%00|\\", re.IGNORECASE)
DOT_SEGMENT = re.compile(rb"/(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)


@dataclass(slots=True)
class RequestHead:
    """The head of a request as it goes to a service, and how its body comes."""

    headers: list[tuple[str, str]]
    has_body: bool = False
    expects_continue: bool = False


def check_path(path: bytes) -> None:
    """Raises BadRequest for a path that two readers could understand differently."""
    if DOT_SEGMENT.search(path):
        raise BadRequest("a path may not hold the segments . and ..", code="path_not_plain")
    if FORBIDDEN_IN_PATH.search(path):
        raise BadRequest("a path may not hold encoded slashes, backslashes or NUL", code="path_not_plain")


def request_head(received: RawHeaders, cookie: str) -> RequestHead:
    """What a service gets of a client's headers. Raises BadRequest for values that are not UTF-8.

    `cookie` is the name of our session cookie, which is not passed on.
    """
    head = RequestHead([])
    named = _named_in_connection(received)
    for name, value in received:
        if name in NOT_FORWARDED:
            _note(head, name, value, cookie)
        elif not name.startswith(OWN_PREFIXES) and name not in named:
            head.headers.append((name.decode("ascii"), _text(value)))
            if name == b"content-length":
                head.has_body = head.has_body or value.strip(b"0") != b""
    return head


def response_headers(received: RawHeaders, status: int) -> list[tuple[bytes, bytes]]:
    """What a client gets of a service's headers.

    Where there is no content by definition a Content-Length has no meaning for the connection.
    """
    named = _named_in_connection([(name.lower(), value) for name, value in received])
    kept = []
    for name, value in received:
        low = name.lower()
        if low in NOT_RETURNED or low in named or (status in NO_CONTENT and low == b"content-length"):
            continue
        kept.append((low, value))
    return kept


def _note(head: RequestHead, name: bytes, value: bytes, cookie: str) -> None:
    if name == b"transfer-encoding":
        head.has_body = True
    elif name == b"expect":
        head.expects_continue = value.lower() == b"100-continue"
    elif name == b"authorization":
        # no key of ours comes this way: it is a share link's password
        if value[:6].lower() == b"basic ":
            head.headers.append(("authorization", _text(value)))
    elif name == b"cookie":
        kept = without_cookie(_text(value), cookie)
        if kept:
            head.headers.append(("cookie", kept))


def _named_in_connection(headers: Iterable[tuple[bytes, bytes]]) -> set[bytes]:
    named: set[bytes] = set()
    for name, value in headers:
        if name == b"connection" and value.lower() not in {b"keep-alive", b"close"}:
            named.update(part.strip().lower() for part in value.split(b","))
    return named


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise BadRequest("a header is not valid UTF-8", code="header_not_utf8") from None
