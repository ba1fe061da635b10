"""What grows old goes: ended jobs after their time, ids that somebody tried in vain, events after theirs."""

import asyncio
from datetime import timedelta

from services.sdcard import camera_repository
from shared.database import Connection, Database
from shared.database.types import now
from shared.events import EventLog
from shared.jobs import JobBoard
from shared.logging import get_logger

TRIED_KEPT = timedelta(days=1)
log = get_logger("keeper")


class Keeper:
    """Sweeps from time to time; several replicas may do so at once."""

    def __init__(self, database: Database, events: EventLog, board: JobBoard, event_days: float) -> None:
        self._database = database
        self._events = events
        self._board = board
        self._kept = timedelta(days=event_days)

    async def run(self, seconds: float) -> None:
        """Sweep for ever; a database that does not answer is tried again the next time."""
        while True:
            try:
                await self._database.write(self.sweep)
            except Exception as error:
                log.error("nothing was swept", exc_info=error)
            await asyncio.sleep(seconds)

    def sweep(self, connection: Connection) -> None:
        """Once, in one transaction."""
        moment = now()
        expired = self._board.expired(connection, moment)
        self._board.forget(connection, [job.id for job in expired])
        camera_repository.drop_tried(connection, moment - TRIED_KEPT)
        self._events.trim(connection, moment - self._kept)
