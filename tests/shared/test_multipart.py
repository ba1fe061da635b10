"""multipart/form-data and plain bodies: the same parts whatever the pieces, and nothing left behind."""

import asyncio
import hashlib
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.errors import BadRequest, DarkroomError, TooLarge, UnsupportedMedia
from shared.web.bodies import Staging, read_whole, stage_body
from shared.web.multipart import read_parts
from shared.web.problems import BodyDisconnected

Part = tuple[str, str | None, bytes]
TYPE = "multipart/form-data; boundary=XX"


def form(*parts: Part, end: bytes = b"--XX--\r\n") -> bytes:
    """A body of parts (field, file's name, content)."""
    made = b""
    for field, filename, content in parts:
        named = f'; filename="{filename}"' if filename is not None else ""
        head = f'--XX\r\nContent-Disposition: form-data; name="{field}"{named}\r\n'
        made += f"{head}Content-Type: image/png\r\n\r\n".encode() + content + b"\r\n"
    return made + end


def receiving(pieces: Sequence[bytes], *, broken_off: bool = False) -> Any:
    """What the server hands on: the pieces, then the end, or word that the sender has gone."""
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    last = {"type": "http.disconnect"} if broken_off else {"type": "http.request", "body": b""}
    waiting = iter([*messages, last])

    async def receive() -> Any:
        return next(waiting)

    return receive


def read(
    folder: Path, pieces: Sequence[bytes], content_type: str = TYPE,
    part_limit: int = 10**9, body_limit: int = 10**9,
       *, broken_off: bool = False, length: int | None = None,
) -> list[tuple[str, str | None, bytes | str]]:  # fmt: skip
    """The parts: field, file's name, and content or the code of the refusal."""

    async def run() -> list[tuple[str, str | None, bytes | str]]:
        found: list[tuple[str, str | None, bytes | str]] = []
        headers = [(b"content-type", content_type.encode())]
        if length is not None:
            headers.append((b"content-length", b"%d" % length))
        receive = receiving(pieces, broken_off=broken_off)
        scope = {"type": "http", "headers": headers}
        async for part in read_parts(
            scope, receive, folder=folder, part_limit=part_limit, body_limit=body_limit
        ):
            if part.staged is None:
                assert part.refusal is not None
                found.append((part.field, part.filename, part.refusal.code))
                continue
            source = part.staged.source()
            content = read_source(source)
            assert part.staged.size == len(content)
            assert part.staged.sha256 == hashlib.sha256(content).hexdigest()
            found.append((part.field, part.filename, content))
        return found

    return asyncio.run(run())


def entries(folder: Path) -> list[Path]:
    """What lies in the folder."""
    return list(folder.iterdir())


def read_source(source: bytes | Path) -> bytes:
    """What was staged, from memory or from its file."""
    return source if isinstance(source, bytes) else source.read_bytes()


PARTS: list[Part] = [
    ("files", "a.png", b"one\r\n--X\r\ntwo"),
    ("note", None, b"hello"),
    ("files", "é.png", b""),
]


def test_every_place_to_cut_the_bytes_gives_the_same_parts(tmp_path: Path) -> None:
    body = form(*PARTS)
    for at in range(len(body) + 1):
        assert read(tmp_path, [body[:at], body[at:]]) == PARTS
    assert read(tmp_path, [bytes([byte]) for byte in body]) == PARTS


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    contents=st.lists(
        st.binary(max_size=80) | st.sampled_from([b"\r\n--X", b"--XX", b"\r", b"\r\n--XY"]), max_size=4
    ),
    cuts=st.lists(st.integers(0, 600), max_size=6),
)
def test_any_contents_in_any_pieces(tmp_path: Path, contents: list[bytes], cuts: list[int]) -> None:
    parts: list[Part] = [("files", f"{n}.png", content) for n, content in enumerate(contents)]
    body = form(*parts)
    places = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    pieces = [body[start:end] for start, end in pairwise(places)]
    assert read(tmp_path, pieces) == parts


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.integers(0, 200))
def test_broken_bytes_are_refused_or_read_and_never_crash(tmp_path: Path, noise: bytes, at: int) -> None:
    body = form(*PARTS)
    try:
        read(tmp_path, [body[:at] + noise + body[at + len(noise) // 2 :]])
    except BadRequest as refusal:
        code = refusal.code
    else:
        code = "invalid_multipart"
    assert code == "invalid_multipart"
    assert list(tmp_path.iterdir()) == []


def test_a_large_part_goes_by_a_file_that_is_gone_afterwards(tmp_path: Path) -> None:
    large = bytes(range(256)) * 12_000
    parts: list[Part] = [
        ("files", "large", large),
        ("files", "small", b"s"),
        ("files", "large2", large[::-1]),
    ]
    body = form(*parts)
    pieces = [body[start : start + 65536] for start in range(0, len(body), 65536)]
    assert read(tmp_path, pieces) == parts
    assert list(tmp_path.iterdir()) == []


def test_a_part_over_its_limit_is_read_away_and_the_next_is_whole(tmp_path: Path) -> None:
    parts: list[Part] = [("files", "a", b"x" * 10), ("files", "b", b"x" * 11), ("files", "c", b"c")]
    assert read(tmp_path, [form(*parts)], part_limit=10) == [
        parts[0],
        ("files", "b", "body_too_large"),
        parts[2],
    ]


def test_many_parts(tmp_path: Path) -> None:
    parts: list[Part] = [("files", f"{n}.png", b"%d" % n) for n in range(2000)]
    assert read(tmp_path, [form(*parts)]) == parts


@pytest.mark.parametrize(
    ("content_type", "body", "kind", "code"),
    [
        ("multipart/form-data", form(*PARTS), BadRequest, "invalid_multipart"),
        ("multipart/form-data; boundary=", form(*PARTS), BadRequest, "invalid_multipart"),
        ("multipart/form-data; boundary=YY", form(*PARTS), BadRequest, "invalid_multipart"),
        ("text/plain", form(*PARTS), UnsupportedMedia, "unsupported_media_type"),
        ("", form(*PARTS), UnsupportedMedia, "unsupported_media_type"),
        ("multipart/mixed; boundary=XX", form(*PARTS), UnsupportedMedia, "unsupported_media_type"),
        (TYPE, form(*PARTS, end=b""), BadRequest, "invalid_multipart"),
        (TYPE, form(*PARTS, end=b"--XX"), BadRequest, "invalid_multipart"),
        (TYPE, b"", BadRequest, "invalid_multipart"),
        (TYPE, b"nonsense", BadRequest, "invalid_multipart"),
    ],
)
def test_forms_that_are_refused(
    tmp_path: Path, content_type: str, body: bytes, kind: type[DarkroomError], code: str
) -> None:
    with pytest.raises(kind) as refusal:
        read(tmp_path, [body], content_type)
    assert refusal.value.code == code
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("length", [None, 5_000_000])
def test_a_form_over_its_limit(tmp_path: Path, length: int | None) -> None:
    body = form(("files", "a", b"x" * 3_000_000))
    with pytest.raises(TooLarge):
        read(tmp_path, [body[:2_000_000], body[2_000_000:]], body_limit=2_500_000, length=length)
    assert list(tmp_path.iterdir()) == []


def test_a_sender_who_goes_away_leaves_nothing(tmp_path: Path) -> None:
    body = form(("files", "a", b"x" * 3_000_000))
    with pytest.raises(BodyDisconnected):
        read(tmp_path, [body[:2_000_000]], broken_off=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [0, 1, 999, 1000, 1001, 5000])
def test_a_body_is_held_or_staged_and_whole_either_way(tmp_path: Path, size: int) -> None:
    content = bytes(index % 251 for index in range(size))

    async def run() -> None:
        pieces = [content[start : start + 300] for start in range(0, size, 300)]
        with Staging(tmp_path, in_memory=1000) as staging:
            await stage_body({"headers": []}, receiving(pieces), staging, 5000)
            staged = await staging.finish()
            assert (staged.size, staged.sha256) == (size, hashlib.sha256(content).hexdigest())
            assert (staged.data is None) == (size > 1000)
            source = staged.source()
            assert (read_source(source)) == content
            assert len(entries(tmp_path)) == (size > 1000)
        assert entries(tmp_path) == []

    asyncio.run(run())


def test_a_declared_length_is_believed_before_a_byte_is_read() -> None:
    async def receive() -> Any:
        raise AssertionError("the body was asked for")

    scope = {"headers": [(b"content-length", b"11")]}
    with pytest.raises(TooLarge) as refusal:
        asyncio.run(read_whole(scope, receive, 10))
    assert refusal.value.extra == {"limit": 10}
    with pytest.raises(BadRequest):
        asyncio.run(read_whole({"headers": [(b"content-length", b"-1")]}, receive, 10))
    assert (
        asyncio.run(read_whole({"headers": [(b"content-length", b"10")]}, receiving([b"x" * 10]), 10))
        == b"x" * 10
    )
    with pytest.raises(TooLarge):
        asyncio.run(read_whole({"headers": []}, receiving([b"x" * 10, b"x"]), 10))
