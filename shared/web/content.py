"""Bytes as an answer: Range, ETag, HEAD and conditions (RFC 9110), for content that never changes.

Raw ASGI on purpose: pictures are most of what Darkroom serves.
"""

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import quote

from starlette.types import Receive, Scope, Send

from shared.errors import RangeNotSatisfiable
from shared.web.head import wants_head_only
from shared.web.middleware import find_header

Headers = list[tuple[bytes, bytes]]
SANDBOX = b"default-src 'none'; sandbox"
RANGE = re.compile(rb"bytes=(\d{0,50})-(\d{0,50})", re.IGNORECASE)  # bounded: what int() takes is, too
CONDITIONS = frozenset({b"if-none-match", b"range"})
_END = object()


@dataclass(frozen=True, slots=True)
class Content:
    """Some bytes of known size, and how to answer with them.

    `data` where they are at hand, else `chunks(start, end)`, which may block. `headers` come from
    `content_headers`; `etag` is as in them, with its quotes.
    """

    size: int
    etag: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    data: bytes | None = None
    chunks: Callable[[int, int], Iterator[bytes]] | None = None
    whole: Headers = field(init=False)  # the headers of the whole content, made once for all who ask for it

    def __post_init__(self) -> None:
        object.__setattr__(self, "whole", [*self.headers, (b"content-length", b"%d" % self.size)])


def content_headers(
    *,
    media_type: str,
    etag: str,
    name: str,
    cache_control: str,
    modified: datetime | None = None,
    attachment: bool = False,
) -> tuple[tuple[bytes, bytes], ...]:
    """The headers that do not depend on the request. `etag` without quotes, `name` as people know it."""
    headers = [
        (b"content-type", media_type.encode()),
        (b"etag", f'"{etag}"'.encode()),
        (b"accept-ranges", b"bytes"),
        (b"cache-control", cache_control.encode()),
        (b"content-disposition", disposition(name, attachment=attachment)),
        (b"content-security-policy", SANDBOX),
        (b"x-content-type-options", b"nosniff"),
    ]
    if modified is not None:
        headers.append((b"last-modified", format_datetime(modified, usegmt=True).encode()))
    return tuple(headers)


def disposition(name: str, *, attachment: bool) -> bytes:
    """Content-Disposition by RFC 6266: a plain ASCII name, and the real one in UTF-8."""
    plain = re.sub(r"[^A-Za-z0-9 ._()\-]", "_", name)
    kind = "attachment" if attachment else "inline"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}".encode()


def matches(condition: bytes, etag: bytes) -> bool:
    """Whether an If-Match or If-None-Match list names the tag (weak comparison)."""
    if condition.strip() == b"*":
        return True
    return any(part.strip().removeprefix(b"W/") == etag for part in condition.split(b","))


def wanted_range(value: bytes, size: int) -> tuple[int, int] | None:
    """Start and end (exclusive) of a single byte range; None for a header that is to be ignored.

    Several ranges at once are ignored, as RFC 9110 allows: the whole content answers them.
    Raises RangeNotSatisfiable for a range outside the content.
    """
    found = RANGE.fullmatch(value.strip())
    if found is None or found.groups() == (b"", b""):
        return None
    first, last = found.groups()
    if not first:
        start, end = max(size - int(last), 0), size
        outside = int(last) == 0
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < int(first):
            return None
        outside = start >= size
    if outside or size == 0:
        raise RangeNotSatisfiable(
            f"the content has {size} bytes", headers={"Content-Range": f"bytes */{size}"}
        )
    return start, end


async def send_content(content: Content, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a GET or HEAD with the content, or the part of it that was asked for."""
    del receive  # a client that goes away shows in send
    if content.data is not None and not _asks_for_more(scope):
        await send({"type": "http.response.start", "status": 200, "headers": content.whole})
        await send({"type": "http.response.body", "body": content.data})
        return
    condition = find_header(scope, b"if-none-match")
    if condition is not None and matches(condition, content.etag):
        await send({"type": "http.response.start", "status": 304, "headers": list(content.headers)})
        await send({"type": "http.response.body"})
        return
    part = _part(content, scope)
    start, end = part or (0, content.size)
    headers: Headers = [*content.headers, (b"content-length", b"%d" % (end - start))]
    if part is not None:
        headers.append((b"content-range", b"bytes %d-%d/%d" % (start, end - 1, content.size)))
    await _send_bytes(content, start, end, 206 if part else 200, headers, scope, send)


def _asks_for_more(scope: Scope) -> bool:
    """True for all but a plain GET: a condition, a range, or the head alone."""
    return wants_head_only(scope) or any(name in CONDITIONS for name, _ in scope["headers"])


def _part(content: Content, scope: Scope) -> tuple[int, int] | None:
    value = find_header(scope, b"range")
    if value is None:
        return None
    unless = find_header(scope, b"if-range")
    if unless is not None and unless.strip() != content.etag:
        return None
    return wanted_range(value, content.size)


async def _send_bytes(
    content: Content, start: int, end: int, status: int, headers: Headers, scope: Scope, send: Send
) -> None:
    head = {"type": "http.response.start", "status": status, "headers": headers}
    if wants_head_only(scope):
        await send(head)
        await send({"type": "http.response.body"})
        return
    if content.data is not None:
        whole = start == 0 and end == content.size
        await send(head)
        await send({"type": "http.response.body", "body": content.data if whole else content.data[start:end]})
        return
    assert content.chunks is not None
    await _send_chunks(content.chunks(start, end), head, send)


async def _send_chunks(chunks: Iterator[bytes], head: dict[str, object], send: Send) -> None:
    """The first piece is read before the head goes out: what is missing can still be said."""
    piece = await asyncio.to_thread(next, chunks, _END)
    await send(head)
    while piece is not _END:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        piece = await asyncio.to_thread(next, chunks, _END)
    await send({"type": "http.response.body"})
