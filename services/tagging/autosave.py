"""Autosave: saves by themselves, after so many changes or so many seconds, as each dataset says."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from services.tagging import repository
from services.tagging.mirror import Mirror
from services.tagging.repository import DatasetRow
from shared.database import Database, SQLAlchemyError
from shared.errors import DarkroomError, NotFound
from shared.logging import get_logger

KNOWN_SECONDS = 2.0  # how long a policy is taken to be as it was: another replica may have changed it
RETRY_SECONDS = 10.0  # after a save that failed
log = get_logger("autosave")


@dataclass(slots=True)
class _Policy:
    """`saved`: the revision that the CSV holds, as far as we know. `at`: when we looked (loop time)."""

    every_changes: int | None
    every_seconds: float | None
    saved: int
    at: float
    timer: asyncio.TimerHandle | None = None


class Autosave:
    """Follows the revisions of datasets and starts saves; lives on the event loop."""

    def __init__(self, mirror: Mirror, database: Database) -> None:
        self._mirror = mirror
        self._database = database
        self._policies: dict[int, _Policy] = {}
        self._working: set[asyncio.Task[None]] = set()
        self._looking: set[int] = set()
        self._closed = False

    def learn(self, row: DatasetRow) -> None:
        """Take over what the dataset says now."""
        before = self._policies.get(row.id)
        if before is not None and before.timer is not None:
            before.timer.cancel()
        policy = _Policy(
            row.autosave_changes, row.autosave_seconds, row.saved_revision, asyncio.get_running_loop().time()
        )
        self._policies[row.id] = policy
        if row.revision > row.saved_revision:
            self._consider(row.id, policy, row.revision)

    def forget(self, dataset_id: int) -> None:
        """The dataset is gone."""
        policy = self._policies.pop(dataset_id, None)
        if policy is not None and policy.timer is not None:
            policy.timer.cancel()

    def changed(self, dataset_id: int, revision: int) -> None:
        """A change was made: save if it is time."""
        policy = self._policies.get(dataset_id)
        if policy is not None:
            self._consider(dataset_id, policy, revision)
        if policy is None or policy.at + KNOWN_SECONDS < asyncio.get_running_loop().time():
            self._look_again(dataset_id)

    async def close(self) -> None:
        """No more saves: closing the mirror saves what is left."""
        self._closed = True
        for dataset_id in list(self._policies):
            self.forget(dataset_id)
        await asyncio.gather(*self._working)

    def _consider(self, dataset_id: int, policy: _Policy, revision: int) -> None:
        """Changes count since the last save, by whichever replica they came."""
        if policy.every_changes is not None and revision - policy.saved >= policy.every_changes:
            policy.saved = revision
            self._save(dataset_id, policy)
        elif policy.every_seconds is not None and policy.timer is None:
            self._set_timer(dataset_id, policy, policy.every_seconds)

    def _set_timer(self, dataset_id: int, policy: _Policy, seconds: float) -> None:
        if policy.timer is None and not self._closed:
            policy.timer = asyncio.get_running_loop().call_later(seconds, self._save, dataset_id, policy)

    def _save(self, dataset_id: int, policy: _Policy) -> None:
        if policy.timer is not None:
            policy.timer.cancel()
            policy.timer = None
        self._start(self._save_and_tell(dataset_id))

    def _look_again(self, dataset_id: int) -> None:
        if dataset_id not in self._looking and not self._closed:
            self._looking.add(dataset_id)
            self._start(self._look(dataset_id))

    async def _look(self, dataset_id: int) -> None:
        try:
            row = await self._database.read(lambda c: repository.find(c, dataset_id))
        except NotFound:
            self.forget(dataset_id)
        except (DarkroomError, SQLAlchemyError) as error:
            log.warning("autosave cannot look", dataset=dataset_id, reason=str(error))
        else:
            self._refresh(row)
        finally:
            self._looking.discard(dataset_id)

    def _refresh(self, row: DatasetRow) -> None:
        """As learn does, but a timer that runs goes on where nothing is different."""
        policy = self._policies.get(row.id)
        wanted = (row.autosave_changes, row.autosave_seconds)
        if policy is None or (policy.every_changes, policy.every_seconds) != wanted:
            self.learn(row)
        else:
            policy.at = asyncio.get_running_loop().time()
            policy.saved = max(policy.saved, row.saved_revision)

    async def _save_and_tell(self, dataset_id: int) -> None:
        """A save that fails is told by the log, and by the dataset, which stays unsaved, and tried again."""
        policy = self._policies.get(dataset_id)
        try:
            saved = await self._mirror.save(dataset_id)
        except NotFound:
            self.forget(dataset_id)
        except (DarkroomError, OSError, SQLAlchemyError) as error:
            log.warning("autosave failed", dataset=dataset_id, reason=str(error))
            if policy is not None and self._policies.get(dataset_id) is policy:
                self._set_timer(dataset_id, policy, max(RETRY_SECONDS, policy.every_seconds or 0))
        else:
            if policy is not None:
                policy.saved = max(policy.saved, saved.revision)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._working.add(task)
        task.add_done_callback(self._working.discard)
