"""A job as its row says."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from sqlalchemy import Row

JobState = Literal["waiting", "running", "finished", "failed", "cancelled"]
ENDED: tuple[JobState, ...] = ("finished", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Job:
    """What is known of a job. `done` counts items that are through, `failed` those of them that failed.

    `attempts` counts the times that it was claimed since it last made progress. `expires_at` is set
    when it ends: the job and what belongs to it are swept after that.
    """

    id: int
    kind: str
    subject: str
    state: JobState
    parameters: dict[str, Any]
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    total: int
    done: int
    failed: int
    attempts: int
    cancel_wanted: bool
    created_by: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    expires_at: datetime | None

    @property
    def ended(self) -> bool:
        """Whether nothing more happens to it by itself."""
        return self.state in ENDED


def job_of(row: Row[Any]) -> Job:
    """The row of the jobs table as a job."""
    return Job(
        id=row.id,
        kind=row.kind,
        subject=row.subject,
        state=cast("JobState", row.state),
        parameters=json.loads(row.parameters),
        result=None if row.result is None else json.loads(row.result),
        error=None if row.error is None else json.loads(row.error),
        total=row.total,
        done=row.done,
        failed=row.failed,
        attempts=row.attempts,
        cancel_wanted=row.cancel_wanted,
        created_by=row.created_by,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        expires_at=row.expires_at,
    )
