"""Autosave: saves by themselves, after so many changes or so many seconds, as each dataset says."""

import asyncio
from dataclasses import dataclass

from services.tagging.mirror import Mirror
from services.tagging.repository import DatasetRow
from shared.errors import DarkroomError
from shared.logging import get_logger

log = get_logger("autosave")


@dataclass(slots=True)
class _Policy:
    every_changes: int | None
    every_seconds: float | None
    changes: int = 0
    timer: asyncio.TimerHandle | None = None


class Autosave:
    """Counts changes a dataset and starts saves; lives on the event loop."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self._policies: dict[int, _Policy] = {}
        self._saving: set[asyncio.Task[None]] = set()

    def learn(self, row: DatasetRow) -> None:
        """Take over what the dataset says now."""
        self.forget(row.id)
        if row.autosave_changes is None and row.autosave_seconds is None:
            return
        policy = self._policies[row.id] = _Policy(row.autosave_changes, row.autosave_seconds)
        if row.revision > row.saved_revision:
            self._set_timer(row.id, policy)

    def forget(self, dataset_id: int) -> None:
        """The dataset is gone, or saves no more by itself."""
        policy = self._policies.pop(dataset_id, None)
        if policy is not None and policy.timer is not None:
            policy.timer.cancel()

    def changed(self, dataset_id: int, revision: int) -> None:
        """A change was made: save if it is time."""
        del revision
        policy = self._policies.get(dataset_id)
        if policy is None:
            return
        policy.changes += 1
        if policy.every_changes is not None and policy.changes >= policy.every_changes:
            self._save(dataset_id, policy)
        elif policy.timer is None:
            self._set_timer(dataset_id, policy)

    def close(self) -> None:
        """No more saves: closing the mirror saves what is left."""
        for dataset_id in list(self._policies):
            self.forget(dataset_id)

    def _set_timer(self, dataset_id: int, policy: _Policy) -> None:
        if policy.every_seconds is not None:
            loop = asyncio.get_running_loop()
            policy.timer = loop.call_later(policy.every_seconds, self._save, dataset_id, policy)

    def _save(self, dataset_id: int, policy: _Policy) -> None:
        policy.changes = 0
        if policy.timer is not None:
            policy.timer.cancel()
            policy.timer = None
        task = asyncio.create_task(self._save_and_tell(dataset_id))
        self._saving.add(task)
        task.add_done_callback(self._saving.discard)

    async def _save_and_tell(self, dataset_id: int) -> None:
        """A save that fails is told by the log, and by the dataset, which stays unsaved."""
        try:
            await self._mirror.save(dataset_id)
        except (DarkroomError, OSError) as error:
            log.warning("autosave failed", dataset=dataset_id, reason=str(error))
            policy = self._policies.get(dataset_id)
            if policy is not None and policy.timer is None:
                self._set_timer(dataset_id, policy)
