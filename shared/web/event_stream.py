"""`GET /v1/events`: a deployable's events as server-sent events, from any point that is still kept."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.responses import StreamingResponse

from shared.contracts.events import StreamPosition
from shared.database import Database
from shared.events import EventLog, Recorded, is_gap
from shared.figures import Figure
from shared.web.drain import Drain

HEARTBEAT_SECONDS = 15.0
GATHER_SECONDS = 0.02  # under load, wait this long so that one query brings many events
BATCH = 500


class EventFeed:
    """Follows the events table for any number of readers; each wakes on commits here and by polling."""

    def __init__(self, database: Database, log: EventLog, drain: Drain, poll_seconds: float) -> None:
        self._database = database
        self._log = log
        self._drain = drain
        self._poll_seconds = poll_seconds

    async def position(self) -> StreamPosition:
        """What is kept at the moment."""
        return await self._database.read(self._log.position)

    async def is_gap(self, position: StreamPosition, after: int) -> bool:
        """True where a reader who has seen `after` cannot go on as if nothing had happened."""
        if is_gap(position, after):
            return True
        return await self._database.read(lambda connection: self._log.is_undone(connection, after))

    async def follow(self, after: int, *, follow: bool) -> AsyncIterator[list[Recorded] | None]:
        """Batches of events after the sequence; None when there was nothing for a heartbeat's time.

        Ends when caught up unless `follow`, and when the app drains.
        """
        changed = asyncio.Event()
        stop = self._database.on_commit(changed.set)
        quiet_since = asyncio.get_running_loop().time()
        try:
            while not self._drain.started:
                changed.clear()
                stamp = self._database.change_stamp()
                batch = await self._read(after)
                if batch:
                    after = batch[-1].sequence
                    yield batch
                    quiet_since = asyncio.get_running_loop().time()
                if len(batch) == BATCH:
                    continue
                if not follow:
                    return
                if await self._wait_for_change(changed, stamp, quiet_since):
                    await asyncio.sleep(GATHER_SECONDS)
                else:
                    yield None
                    quiet_since = asyncio.get_running_loop().time()
        finally:
            stop()

    async def _read(self, after: int) -> list[Recorded]:
        return await self._database.read(lambda connection: self._log.after(connection, after, BATCH))

    async def _wait_for_change(self, changed: asyncio.Event, stamp: int | None, since: float) -> bool:
        """True when rows may have changed (or the app drains), False when it is time for a heartbeat."""
        loop = asyncio.get_running_loop()
        while loop.time() - since < HEARTBEAT_SECONDS:
            if await _set_within(changed.wait, self._poll_seconds) or self._drain.started:
                return True
            present = self._database.change_stamp()
            if present is None or present != stamp:
                return True
        return False


async def _set_within(wait: Callable[[], Awaitable[object]], seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await wait()
    except TimeoutError:
        return False
    return True


async def event_figures(database: Database, log: EventLog) -> list[Figure]:
    """How far the deployable's events have come."""
    newest = (await database.read(log.position)).newest
    return [Figure("darkroom_events_newest", "Sequence of the newest event", newest)]


def event_router(feed: EventFeed) -> APIRouter:
    """The route, the same for every service."""
    router = APIRouter(tags=["events"])

    @router.get(
        "/v1/events",
        summary="Events as they happen, and those missed",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
    )
    async def events(
        after: Annotated[
            int | None, Query(ge=0, description="the last sequence seen; none: from now on")
        ] = None,
        follow: Annotated[bool, Query(description="false ends the stream when it has caught up")] = True,
        last_event_id: Annotated[int | None, Header(ge=0)] = None,
    ) -> StreamingResponse:
        """First `event: position`, then each event with its sequence as id.

        `event: reset` stands first instead where events after the given one are no longer kept (or
        never were): ask for the present state, the stream goes on from now.
        """
        cursor = last_event_id if last_event_id is not None else after
        stream = _as_text(feed, cursor, follow=follow)
        return StreamingResponse(
            stream, media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )

    return router


async def _as_text(feed: EventFeed, cursor: int | None, *, follow: bool) -> AsyncIterator[str]:
    position = await feed.position()
    gap = cursor is not None and await feed.is_gap(position, cursor)
    yield f"event: {'reset' if gap else 'position'}\ndata: {position.model_dump_json()}\n\n"
    start = position.newest if cursor is None or gap else cursor
    async for batch in feed.follow(start, follow=follow):
        if batch is None:
            yield ": still here\n\n"
        else:
            yield "".join(f"id: {event.sequence}\ndata: {event.json}\n\n" for event in batch)
