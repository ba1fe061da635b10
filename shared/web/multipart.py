"""multipart/form-data read as it comes: each part staged, counted, and handed on before the next."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.types import Receive, Scope

from shared.errors import BadRequest, TooLarge, UnsupportedMedia
from shared.web.bodies import IN_MEMORY, Staged, Staging, read_chunks
from shared.web.middleware import find_header


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its field, the file's name where it has one, and what came, or why it was refused."""

    field: str
    filename: str | None
    staged: Staged | None
    refusal: TooLarge | None = None


@dataclass(slots=True)
class _Pending:
    """What the parser said since it was last asked: heads, pieces of data, ends."""

    said: list[tuple[str, bytes]] = field(default_factory=list)
    name: bytes = b""
    value: bytes = b""


def _boundary(scope: Scope) -> bytes:
    kind, options = parse_options_header(find_header(scope, b"content-type") or b"")
    if kind != b"multipart/form-data":
        raise UnsupportedMedia("the body has to be multipart/form-data")
    if not options.get(b"boundary"):
        raise BadRequest("the multipart body names no boundary", code="invalid_multipart")
    return options[b"boundary"]


def _parser(boundary: bytes, pending: _Pending) -> MultipartParser:
    def add_name(data: bytes, start: int, end: int) -> None:
        pending.name += data[start:end]

    def add_value(data: bytes, start: int, end: int) -> None:
        pending.value += data[start:end]

    def end_header() -> None:
        if pending.name.lower() == b"content-disposition":
            pending.said.append(("head", pending.value))
        pending.name = pending.value = b""

    return MultipartParser(
        boundary,
        {
            "on_header_field": add_name,
            "on_header_value": add_value,
            "on_header_end": end_header,
            "on_part_data": lambda data, start, end: pending.said.append(("data", data[start:end])),
            "on_part_end": lambda: pending.said.append(("end", b"")),
            "on_end": lambda: pending.said.append(("over", b"")),
        },
    )


class _PartReader:
    """One part on its way: counted, staged until it is over its limit, then only read away."""

    def __init__(self, head: bytes, limit: int, staging: Staging) -> None:
        _, options = parse_options_header(head)
        filename = options.get(b"filename")
        self._field = options.get(b"name", b"").decode("utf-8", "replace")
        self._filename = None if filename is None else filename.decode("utf-8", "replace")
        self._limit = limit
        self.staging = staging
        self._refusal: TooLarge | None = None

    async def add(self, data: bytes) -> None:
        """One more piece."""
        if self._refusal is None and self.staging.size + len(data) > self._limit:
            self._refusal = TooLarge(f"a file may have at most {self._limit} bytes", limit=self._limit)
        if self._refusal is None:
            await self.staging.add(data)

    async def finish(self) -> Part:
        """The whole part."""
        staged = None if self._refusal else await self.staging.finish()
        return Part(self._field, self._filename, staged, self._refusal)


async def read_parts(
    scope: Scope,
    receive: Receive,
    *,
    folder: Path,
    part_limit: int,
    body_limit: int,
    in_memory: int = IN_MEMORY,
    hashed: bool = True,
) -> AsyncIterator[Part]:
    """The parts in their order; each one's file is gone when the next is asked for.

    A part of more than `in_memory` bytes is in a file, and one over `part_limit` is read away and comes with
    its refusal. Raises TooLarge over `body_limit`, BadRequest `invalid_multipart`, UnsupportedMedia,
    BodyDisconnected.
    """
    pending = _Pending()
    parser = _parser(_boundary(scope), pending)
    reader: _PartReader | None = None
    over = False
    try:
        async for chunk in read_chunks(scope, receive, body_limit):
            _feed(parser, chunk)
            said, pending.said = pending.said, []
            for what, data in said:
                over = over or what == "over"
                if what == "head" and reader is None:
                    staging = Staging(folder, in_memory, hashed=hashed)
                    reader = _PartReader(data, part_limit, staging)
                elif what == "data" and reader is not None:
                    await reader.add(data)
                elif what == "end" and reader is not None:
                    yield await reader.finish()
                    reader.staging.discard()
                    reader = None
    finally:
        if reader is not None:
            reader.staging.discard()
    if not over:
        raise BadRequest("the multipart body ends before its last boundary", code="invalid_multipart")


def _feed(parser: MultipartParser, chunk: bytes) -> None:
    try:
        parser.write(chunk)
    except MultipartParseError as error:
        raise BadRequest(f"the multipart body is broken: {error}", code="invalid_multipart") from None
