"""Bytes on their way from a camera to a client: as fast as it reads, and for as long as it stays."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from shared.web.head import wants_head_only


async def send_stream(
    head: dict[str, Any], chunks: AsyncIterator[bytes], receive: Receive, send: Send
) -> None:
    """Answer with the head and the chunks; a client that goes away ends the reading of them.

    The first chunk is read before the head goes out: what is missing can still be said.
    """
    gone = asyncio.create_task(_disconnected(receive))
    pump = asyncio.create_task(_pump(head, chunks, send))
    try:
        await asyncio.wait({gone, pump}, return_when=asyncio.FIRST_COMPLETED)
        if pump.done():
            await pump
    finally:
        for task in (gone, pump):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.wait({task})
        close = getattr(chunks, "aclose", None)
        if close is not None:
            await close()


async def _pump(head: dict[str, Any], chunks: AsyncIterator[bytes], send: Send) -> None:
    first = await anext(chunks, b"")
    await send(head)
    piece = first
    while piece:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        piece = await anext(chunks, b"")
    await send({"type": "http.response.body", "body": b""})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class StreamedResponse(Response):
    """The same as FastAPI's routes return it."""

    def __init__(self, headers: list[tuple[bytes, bytes]], chunks: AsyncIterator[bytes]) -> None:
        super().__init__()
        self._head = {"type": "http.response.start", "status": 200, "headers": headers}
        self._chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the chunks."""
        if wants_head_only(scope):
            await send(self._head)
            await send({"type": "http.response.body"})
            return
        await send_stream(self._head, self._chunks, receive, send)
