"""The sweeper: what nobody can reach any more goes: old history, events, jobs, contents and sources."""

import asyncio
from datetime import timedelta
from functools import partial

from services.tagging import block_repository, history_repository
from services.tagging.imports import Imports
from services.tagging.shelf import Shelf
from shared.database import Database
from shared.database.types import now
from shared.events import EventLog
from shared.jobs import JobBoard
from shared.logging import get_logger

BATCH = 1000
ORPHAN_AGE = timedelta(hours=24)  # far older than any import or merge that is still under way
log = get_logger("sweeper")


class Sweeper:
    """One round every so often."""

    def __init__(
        self,
        database: Database,
        events: EventLog,
        board: JobBoard,
        shelf: Shelf,
        imports: Imports,
        *,
        history_days: float,
        event_days: float,
    ) -> None:
        self._database = database
        self._events = events
        self._board = board
        self._shelf = shelf
        self._imports = imports
        self._history_age = timedelta(days=history_days)
        self._event_age = timedelta(days=event_days)

    async def run(self, seconds: float) -> None:
        """Sweep for ever; a failure is logged, and the next round tries again."""
        while True:
            await asyncio.sleep(seconds)
            try:
                await self.sweep()
            except Exception as error:
                log.error("sweep failed", exc_info=error)

    async def sweep(self) -> None:
        """One round."""
        moment = now()
        old = moment - self._history_age
        while await self._database.write(partial(history_repository.trim, before=old, limit=BATCH)) == BATCH:
            pass
        await self._database.write(lambda c: self._events.trim(c, moment - self._event_age))
        ended = await self._database.read(lambda c: self._board.expired(c, moment))
        await self._database.write(lambda c: self._board.forget(c, [job.id for job in ended]))
        await self._imports.abandon_ended()
        before = moment - ORPHAN_AGE
        for content_id in await self._database.read(partial(block_repository.stale_contents, before=before)):
            await self._database.write(partial(block_repository.drop_content, content_id=content_id))
        for content_id in await asyncio.to_thread(lambda: list(self._shelf.stray(before))):
            known = await self._database.read(partial(block_repository.is_content, content_id=content_id))
            if not known:
                await asyncio.to_thread(self._shelf.remove, content_id)
