"""One service's event stream, followed for ever: comes back with its cursor after every break."""

import asyncio
import json
from collections.abc import AsyncGenerator

import aiohttp

from gateway.connections import Connections
from gateway.ring import Entry
from gateway.settings import Upstream
from gateway.sse import Parser, ServerSentEvent
from gateway.topics import topics_of
from shared.contracts.events import StreamPosition
from shared.logging import get_logger

FIRST_WAIT = 0.1
LONGEST_WAIT = 0.5
SILENCE_SECONDS = 45.0  # three of the stream's heartbeats
ACCEPTABLE = (aiohttp.ClientError, TimeoutError, ValueError, KeyError)
log = get_logger("events")

# What stands at the head of a stream, or in it: a position, True with it for a reset; or an event.
Item = tuple[StreamPosition, bool] | Entry


class Source:
    """Reads a service's `/v1/events` with the service token."""

    def __init__(self, upstream: Upstream, connections: Connections, token: str) -> None:
        self.service = upstream.name
        self._url = f"{upstream.url}/v1/events"
        self._connections = connections
        self._headers = {
            "X-Darkroom-Service-Token": token,
            "X-Darkroom-Actor": "gateway",
            "X-Darkroom-Scopes": "read",
            "Accept": "text/event-stream",
        }

    async def read(self, after: int | None, *, follow: bool) -> AsyncGenerator[Item, None]:
        """The stream from a cursor on; a position or a reset comes first.

        Raises one of ACCEPTABLE when it breaks.
        """
        query = {"follow": "true" if follow else "false"}
        if after is not None:
            query["after"] = str(after)
        timeout = aiohttp.ClientTimeout(total=None, connect=2.0, sock_read=SILENCE_SECONDS)
        async with self._connections.session.get(
            self._url, params=query, headers=self._headers, timeout=timeout, raise_for_status=True
        ) as answer:
            parser = Parser()
            async for piece in answer.content.iter_any():
                for event in parser.feed(piece):
                    yield _item(event)


def _item(event: ServerSentEvent) -> Item:
    if event.kind in {"position", "reset"}:
        return StreamPosition.model_validate_json(event.data), event.kind == "reset"
    told = json.loads(event.data)
    return Entry(int(event.id), topics_of(told["type"], told["subject"]), event.data)


def reason_of(error: Exception) -> str:
    """What went wrong, for the log. The text of aiohttp's errors holds our headers, and the token in them."""
    if isinstance(error, aiohttp.ClientResponseError):
        return f"answered {error.status}"
    return type(error).__name__


async def pause(attempt: int) -> None:
    """Wait before the next attempt: 0.1 s at first, 0.5 s at the most."""
    await asyncio.sleep(min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempt, 10)))
