"""Save lease: one at a time writes a dataset's CSV, in this process and in all replicas."""

import asyncio
import socket
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from weakref import WeakValueDictionary

from services.tagging import repository
from shared.database import Connection, Database, SQLAlchemyError
from shared.database.types import now
from shared.errors import DarkroomError, Unavailable

LEASE = timedelta(seconds=10)  # renewed while a save lasts: what a killed replica held is free after that
RENEW_SECONDS = 3.0
RETRY_SECONDS = 0.05
PATIENCE = 400  # tries to become the one who saves: 20 s


class SaveBusy(Unavailable):
    """Another replica is at a save that does not end, or has taken ours over."""

    code = "save_busy"
    title = "Another save is under way"


class SaveLease:
    """Who may write which CSV. Lives on the event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._owner = f"{socket.gethostname()}:{uuid.uuid4().hex[:12]}"

    @asynccontextmanager
    async def alone(self, dataset_id: int) -> AsyncIterator[None]:
        """While nobody else, here or in another replica, writes it. Raises DatasetNotFound, SaveBusy."""
        lock = self._locks.get(dataset_id)
        if lock is None:  # weak: it goes when nobody holds it or waits for it
            lock = self._locks[dataset_id] = asyncio.Lock()
        async with lock:
            await self._claim(dataset_id)
            renewing = asyncio.create_task(self._renew(dataset_id))
            try:
                yield
            finally:
                renewing.cancel()
                await self.write(dataset_id, {"save_owner": None, "save_until": None})

    async def write(self, dataset_id: int, values: Mapping[str, object]) -> bool:
        """Write some columns of the dataset; false where the save is not ours any more."""
        return await self._database.write(lambda c: self.write_now(c, dataset_id, values))

    def write_now(self, connection: Connection, dataset_id: int, values: Mapping[str, object]) -> bool:
        """The same inside a transaction."""
        return repository.write_if_saving(connection, dataset_id, self._owner, values)

    async def hold(self, dataset_id: int, values: Mapping[str, object]) -> None:
        """Write some columns, and have the whole time of a lease from now on. Raises SaveBusy."""
        if not await self.write(dataset_id, {**values, "save_until": now() + LEASE}):
            raise SaveBusy("another save of this dataset has begun")

    async def _claim(self, dataset_id: int) -> None:
        for _ in range(PATIENCE):
            moment = now()
            claim = partial(
                repository.claim_save,
                dataset_id=dataset_id,
                owner=self._owner,
                moment=moment,
                until=moment + LEASE,
            )
            if await self._database.write(claim):
                return
            await self._database.read(lambda c: repository.find(c, dataset_id))
            await asyncio.sleep(RETRY_SECONDS)
        raise SaveBusy("another save of this dataset does not end")

    async def _renew(self, dataset_id: int) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            with suppress(DarkroomError, SQLAlchemyError):  # the next time will do
                await self.write(dataset_id, {"save_until": now() + LEASE})
