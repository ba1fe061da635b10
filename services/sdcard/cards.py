"""What is known of cards: shown at once from rows, and refreshed behind, hour by hour, the newest first."""

import asyncio
import os
import socket
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial

from services.sdcard import camera_repository, file_repository, presenting
from services.sdcard.camera_repository import CameraRow, CardRow
from services.sdcard.file_repository import CardTotals, DateSummary, FileRow, HourRow
from services.sdcard.links import Links
from services.sdcard.refresh import Refresh
from services.sdcard.registry import Registry
from shared.contracts.sdcard import CameraState
from shared.database import Connection, Database
from shared.database.types import now
from shared.errors import DarkroomError
from shared.events import EventLog
from shared.logging import get_logger

LEASE = timedelta(seconds=30)
LOOK_SECONDS = 0.25  # how often a waiting caller looks for what another replica refreshes
log = get_logger("cards")


class Cards:
    """Listings and states. One refresh a camera at a time, over all replicas: a lease in its row."""

    def __init__(
        self, database: Database, events: EventLog, registry: Registry, links: Links, stale_seconds: float
    ) -> None:
        self._database = database
        self._events = events
        self._registry = registry
        self._links = links
        self._stale = timedelta(seconds=stale_seconds)
        self._owner = f"{socket.gethostname()[:20]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._refreshing: dict[str, asyncio.Task[None]] = {}

    async def look(self, row: CameraRow, wait: float) -> None:
        """See to it that what is known is not stale; returns at once, or when fresh, or after `wait` s."""
        card = await self._card(row)
        task = self._refreshing.get(row.id)
        if task is None:
            asked = card.checked_at
            if asked is not None and now() - asked < self._stale:
                return
            if not presenting.is_refreshing(card, now()):
                task = self.refresh(row)
        if wait > 0:
            await self._wait(row, task, wait)

    def refresh(self, row: CameraRow) -> "asyncio.Task[None]":
        """List the card in the background, unless that is under way here already."""
        task = self._refreshing.get(row.id)
        if task is None:
            task = asyncio.create_task(self._refresh(row))
            self._refreshing[row.id] = task
            task.add_done_callback(lambda done: self._refreshed(row.id, done))
        return task

    async def refresh_now(self, row: CameraRow, date: str | None = None, hour: int | None = None) -> None:
        """List what has changed of the card, a date or an hour, now. Raises what the camera's state is."""
        await self._registry.ensure(row)
        await Refresh(self._database, self._events, self._links, row).run(date, hour)

    async def _refresh(self, row: CameraRow) -> None:
        """One that cannot be reached is written down as such; crashes are logged."""
        if not await self._claim(row):
            return
        try:
            renew = partial(self._take, camera_id=row.id)
            await Refresh(self._database, self._events, self._links, row, renew).run()
        except DarkroomError:
            return  # the links have written it down
        finally:
            await self._database.write(lambda c: camera_repository.release_card(c, row.id, self._owner))

    def _refreshed(self, camera_id: str, done: "asyncio.Task[None]") -> None:
        del self._refreshing[camera_id]
        if not done.cancelled() and (error := done.exception()) is not None:
            log.error("a card could not be listed", camera=camera_id, exc_info=error)

    async def _claim(self, row: CameraRow) -> bool:
        await self._registry.ensure(row)
        return await self._database.write(lambda c: self._take(c, row.id))

    def _take(self, connection: Connection, camera_id: str) -> bool:
        return camera_repository.claim_card(connection, camera_id, self._owner, now(), LEASE)

    async def _wait(self, row: CameraRow, task: "asyncio.Task[None] | None", seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                if task is not None:
                    await asyncio.wait({task})
                    return
                # another replica does it: there is nothing here to wait for but time
                while presenting.is_refreshing(await self._card(row), now()):  # noqa: ASYNC110
                    await asyncio.sleep(LOOK_SECONDS)

    async def close(self) -> None:
        """End what runs in the background."""
        tasks = list(self._refreshing.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def forget_connections(self, row: CameraRow) -> None:
        """Drop what is open to the camera, and what is known of whether it answers."""
        await self._links.forget(row)
        await self._database.write(lambda c: _ask_again(c, row))

    async def _card(self, row: CameraRow) -> CardRow:
        return await self._database.read(lambda c: camera_repository.card(c, row.id))

    def _seen(self, card: CardRow) -> CardRow:
        """A refresh that has just begun here has no lease in the row yet."""
        return replace(card, claimed_until=now() + LEASE) if card.camera_id in self._refreshing else card

    async def dates(self, row: CameraRow) -> tuple[CardRow, list[DateSummary]]:
        """The dates as last listed, newest first."""
        return await self._database.read(
            lambda c: (self._seen(camera_repository.card(c, row.id)), file_repository.dates(c, row.id))
        )

    async def hours(self, row: CameraRow, date: str) -> tuple[CardRow, list[HourRow], dict[int, int]]:
        """The hours of a date, newest first, and how many clips of each have been read."""
        return await self._database.read(
            lambda c: (
                self._seen(camera_repository.card(c, row.id)),
                file_repository.known_hours(c, row.id, date),
                file_repository.scanned_by_hour(c, row.id, date),
            )
        )

    async def files(
        self, row: CameraRow, date: str, hour: int | None, before: str | None, limit: int
    ) -> tuple[CardRow, list[FileRow]]:
        """Files of a date or an hour, newest first."""
        return await self._database.read(
            lambda c: (
                self._seen(camera_repository.card(c, row.id)),
                file_repository.page(c, row.id, date=date, hour=hour, before=before, limit=limit),
            )
        )

    async def state(self, row: CameraRow, base: str) -> CameraState:
        """The camera with all that was last seen of it."""
        (found,) = await self.states([row], base)
        return found

    async def states(self, rows: Sequence[CameraRow], base: str) -> list[CameraState]:
        """The same of several."""
        ids = [row.id for row in rows]
        cards, totals = await self._database.read(
            lambda c: (camera_repository.card_states(c, ids), file_repository.totals(c, ids))
        )
        return [self._view(row, self._seen(cards[row.id]), totals[row.id], base) for row in rows]

    def _view(self, row: CameraRow, card: CardRow, totals: CardTotals, base: str) -> CameraState:
        camera = presenting.camera(row, self._registry, base)
        return CameraState(
            **camera.model_dump(),
            state=card.state,
            detail=card.detail,
            checked_at=card.checked_at,
            card=presenting.card_state(card),
            refreshed_at=card.refreshed_at,
            refreshing=presenting.is_refreshing(card, now()),
            dates=totals.dates,
            clips=totals.clips,
            clip_bytes=totals.size,
        )


def _ask_again(connection: Connection, row: CameraRow) -> None:
    if camera_repository.find(connection, row.id) is not None:
        camera_repository.set_card(connection, row.id, {"checked_at": None})
