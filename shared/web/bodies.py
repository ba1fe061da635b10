"""Request bodies that are counted while they come, small ones in memory and large ones in a file."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

from starlette.types import Message, Receive, Scope

from shared.errors import BadRequest, TooLarge
from shared.web.body_limit import unlimited
from shared.web.middleware import find_header
from shared.web.problems import BodyDisconnected

IN_MEMORY = 1024 * 1024


def declared_length(scope: Scope) -> int | None:
    """Content-Length, or None for a chunked body. Raises BadRequest when it is not a number."""
    value = find_header(scope, b"content-length")
    if value is None:
        return None
    if not value.isdigit():
        raise BadRequest("Content-Length is not a number")
    return int(value)


async def read_chunks(scope: Scope, receive: Receive, limit: int) -> AsyncIterator[bytes]:
    """The body's pieces. Raises TooLarge as soon as it is clear that it is over `limit` bytes."""
    declared = declared_length(scope)
    if declared is not None and declared > limit:
        raise _too_large(limit)
    receive = unlimited(scope, receive)
    seen = 0
    while True:
        message: Message = await receive()
        if message["type"] == "http.disconnect":
            raise BodyDisconnected
        chunk: bytes = message.get("body", b"")
        seen += len(chunk)
        if seen > limit:
            raise _too_large(limit)
        if chunk:
            yield chunk
        if not message.get("more_body", False):
            return


async def read_whole(scope: Scope, receive: Receive, limit: int) -> bytes:
    """A body that is small enough to be held: at most `limit` bytes, else TooLarge."""
    return b"".join([chunk async for chunk in read_chunks(scope, receive, limit)])


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"the body may have at most {limit} bytes", limit=limit)


@dataclass(frozen=True, slots=True)
class Staged:
    """Content that has come whole: either `data`, or a file of ours at `path`."""

    size: int
    sha256: str
    data: bytes | None
    path: Path | None

    def source(self) -> bytes | Path:
        """The bytes, or the file that holds them."""
        return self.data if self.path is None else self.path  # type: ignore[return-value]


class Staging:
    """Takes content piece by piece; use as a context manager, which leaves no file behind.

    Where it is not `hashed`, its sha256 is empty.
    """

    def __init__(self, folder: Path, in_memory: int = IN_MEMORY, *, hashed: bool = True) -> None:
        self._folder = folder
        self._in_memory = in_memory
        self._chunks: list[bytes] = []
        self._held = 0
        self._size = 0
        self._hash = hashlib.sha256() if hashed else None
        self._file: IO[bytes] | None = None
        self._discarded = False

    def __enter__(self) -> "Staging":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()

    def discard(self) -> None:
        """Remove the file, if there is one; none is left behind by a thread that is still at it."""
        self._discarded = True
        if self._file is not None:
            self._file.close()
            Path(self._file.name).unlink(missing_ok=True)

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self._size

    async def add(self, chunk: bytes) -> None:
        """Take one piece; over the limit of memory, what is held goes to the file in a thread."""
        self._chunks.append(chunk)
        self._held += len(chunk)
        self._size += len(chunk)
        if self._held > self._in_memory:
            await asyncio.to_thread(self._spill)

    async def finish(self) -> Staged:
        """What came, with its digest. The file, if any, has all bytes, but is not synced yet."""
        return await asyncio.to_thread(self.finish_now) if self._file is not None else self.finish_now()

    def finish_now(self) -> Staged:
        """The same as `finish`, for code that is in a thread already."""
        if self._file is None:
            data = b"".join(self._chunks)
            if self._hash is not None:
                self._hash.update(data)
            return Staged(len(data), self._digest(), data, None)
        self._spill()
        return Staged(self._size, self._digest(), None, Path(self._file.name))

    def _digest(self) -> str:
        return "" if self._hash is None else self._hash.hexdigest()

    def _spill(self) -> None:
        try:
            self._write()
        finally:
            if self._discarded:  # meanwhile: the caller was cancelled, which ends no thread
                self.discard()

    def _write(self) -> None:
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file = tempfile.NamedTemporaryFile(dir=self._folder, delete=False)  # noqa: SIM115
        for chunk in self._chunks:
            if self._hash is not None:
                self._hash.update(chunk)
            self._file.write(chunk)
        self._file.flush()
        self._chunks.clear()
        self._held = 0


async def stage_body(scope: Scope, receive: Receive, staging: Staging, limit: int) -> None:
    """Stage the whole body. Raises TooLarge over `limit` bytes, BodyDisconnected when it breaks off."""
    async for chunk in read_chunks(scope, receive, limit):
        await staging.add(chunk)
