"""Bytes as an answer: a table of ranges and conditions (RFC 9110, sections 13 and 14)."""

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import RangeNotSatisfiable
from shared.web.content import Content, content_headers, disposition, matches, send_content, wanted_range
from shared.web.head import HEAD_ONLY

DATA = bytes(range(100))
ETAG = b'"tag"'


def held() -> Content:
    """Bytes that are at hand."""
    headers = content_headers(media_type="image/png", etag="tag", name="a.png", cache_control="no-cache")
    return Content(len(DATA), ETAG, headers, DATA)


def streamed() -> Content:
    """The same from a store, 7 bytes a piece."""

    def chunks(start: int, end: int) -> Iterator[bytes]:
        assert threading.current_thread() is not threading.main_thread()
        for at in range(start, end, 7):
            yield DATA[at : min(at + 7, end)]

    headers = content_headers(media_type="image/png", etag="tag", name="a.png", cache_control="no-cache")
    return Content(len(DATA), ETAG, headers, None, chunks)


def answer(
    content: Content, headers: dict[str, str], *, head: bool = False
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the answer to a GET or HEAD."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError

    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "headers": raw, "state": {HEAD_ONLY: True} if head else {}}
    asyncio.run(send_content(content, scope, receive, send))
    got = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    assert len(got) == len(sent[0]["headers"])
    assert not sent[-1].get("more_body")
    return sent[0]["status"], got, b"".join(message.get("body", b"") for message in sent[1:])


RANGES: list[tuple[str, tuple[int, int] | None]] = [
    ("bytes=0-0", (0, 1)),
    ("bytes=0-9", (0, 10)),
    ("bytes=10-", (10, 100)),
    ("bytes=99-", (99, 100)),
    ("bytes=-1", (99, 100)),
    ("bytes=-100", (0, 100)),
    ("bytes=-1000", (0, 100)),
    ("bytes=90-1000", (90, 100)),
    ("bytes=0-99999999999999999999999", (0, 100)),
    ("Bytes=5-6", (5, 7)),
    (" bytes=5-6 ", (5, 7)),
    ("bytes=9-5", None),
    ("bytes=-", None),
    ("bytes=", None),
    ("bytes", None),
    ("bytes=a-b", None),
    ("bytes=1-2,5-6", None),
    ("bytes=+1-2", None),
    ("bytes=1 -2", None),
    ("items=0-5", None),
    ("bytes=" + "9" * 5000 + "-", None),
    ("bytes=0-" + "9" * 5000, None),
]


@pytest.mark.parametrize("make", [held, streamed])
@pytest.mark.parametrize(("given", "part"), RANGES)
def test_ranges(make: Any, given: str, part: tuple[int, int] | None) -> None:
    status, headers, body = answer(make(), {"Range": given})
    if part is None:
        assert (status, body, headers["content-length"]) == (200, DATA, "100")
        assert "content-range" not in headers
    else:
        start, end = part
        assert (status, body) == (206, DATA[start:end])
        assert headers["content-range"] == f"bytes {start}-{end - 1}/100"
        assert headers["content-length"] == str(end - start)
    assert headers["accept-ranges"] == "bytes"
    assert headers["etag"] == '"tag"'


@pytest.mark.parametrize("given", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=99999999999999999999-"])
def test_ranges_outside(given: str) -> None:
    with pytest.raises(RangeNotSatisfiable) as refusal:
        answer(held(), {"Range": given})
    assert refusal.value.headers == {"Content-Range": "bytes */100"}


def test_nothing_lies_inside_nothing() -> None:
    for asked in (b"bytes=0-", b"bytes=-5"):
        with pytest.raises(RangeNotSatisfiable):
            wanted_range(asked, 0)


@given(st.integers(0, 120), st.integers(0, 120), st.integers(0, 110))
def test_a_range_is_the_part_that_python_would_cut(first: int, last: int, size: int) -> None:
    data = DATA[:size]
    try:
        part = wanted_range(b"bytes=%d-%d" % (first, last), len(data))
    except RangeNotSatisfiable:
        assert first >= len(data)
        return
    assert (part is None) == (last < first)
    if part is not None:
        assert data[part[0] : part[1]] == data[first : last + 1] != b""


@pytest.mark.parametrize(
    ("condition", "fresh"),
    [('"tag"', True), ('W/"tag"', True), ('"a", "tag"', True), ("*", True), (' "a" ,W/"tag" ', True),
     ('"other"', False), ("tag", False), ('"ta"', False), ("", False)],
)  # fmt: skip
def test_if_none_match(condition: str, fresh: bool) -> None:
    status, headers, body = answer(held(), {"If-None-Match": condition, "Range": "bytes=0-4"})
    assert matches(condition.encode(), ETAG) is fresh
    if fresh:
        assert (status, body, headers["etag"], headers["cache-control"]) == (304, b"", '"tag"', "no-cache")
        assert "content-length" not in headers
    else:
        assert (status, body) == (206, DATA[:5])


@pytest.mark.parametrize(
    ("condition", "part"),
    [('"tag"', True), ('"other"', False), ('W/"tag"', False), ("Sat, 21 Nov 2026 00:00:00 GMT", False)],
)
def test_if_range(condition: str, part: bool) -> None:
    status, _, body = answer(held(), {"If-Range": condition, "Range": "bytes=0-4"})
    assert (status, body) == ((206, DATA[:5]) if part else (200, DATA))


@pytest.mark.parametrize("make", [held, streamed])
def test_head_has_the_same_head(make: Any) -> None:
    for asked in ({}, {"Range": "bytes=3-5"}):
        got, head = answer(make(), asked), answer(make(), asked, head=True)
        assert head == (got[0], got[1], b"")


def test_bytes_that_are_missing_can_still_be_told_of() -> None:
    def missing(start: int, end: int) -> Iterator[bytes]:
        if start < end:
            raise FileNotFoundError
        yield b""

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    content = Content(5, ETAG, (), None, missing)
    with pytest.raises(FileNotFoundError):
        asyncio.run(send_content(content, {"type": "http", "method": "GET", "headers": []}, None, send))  # type: ignore[arg-type]
    assert sent == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a.png", "filename=\"a.png\"; filename*=UTF-8''a.png"),
        ('a"b\\c.png', "filename=\"a_b_c.png\"; filename*=UTF-8''a%22b%5Cc.png"),
        ("é\r\nX: y", "filename=\"___X_ y\"; filename*=UTF-8''%C3%A9%0D%0AX%3A%20y"),
    ],
)
def test_names_cannot_break_out_of_the_header(name: str, said: str) -> None:
    assert disposition(name, attachment=False).decode() == f"inline; {said}"
    assert disposition(name, attachment=True).decode() == f"attachment; {said}"


def test_headers_that_do_not_depend_on_the_request() -> None:
    moment = datetime(2026, 11, 21, 1, 2, 3, tzinfo=UTC)
    headers = dict(
        content_headers(media_type="image/png", etag="t", name="n", cache_control="no-cache", modified=moment)
    )
    assert headers[b"last-modified"] == b"Sat, 21 Nov 2026 01:02:03 GMT"
    assert headers[b"content-security-policy"] == b"default-src 'none'; sandbox"
    assert headers[b"x-content-type-options"] == b"nosniff"
