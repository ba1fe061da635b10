"""JobBoard: all SQL on a jobs table. Calls are inside a transaction, and tell their change as an event."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    delete,
    func,
    literal,
    or_,
    select,
    update,
)

from shared.database.types import EPOCH, Instant, now
from shared.database.upsert import insert_unique
from shared.errors import Conflict, DarkroomError, NotFound, TooManyRequests, Unprocessable
from shared.events import EventLog
from shared.jobs.row import ENDED, Job, JobState, job_of

TELL_EVERY = timedelta(milliseconds=250)  # progress is told at most four times a second a job
MAX_WAITING = 1_000


class JobNotFound(NotFound):
    """No job has that id, or it has been swept."""

    code = "job_not_found"
    title = "There is no such job"


class TooManyJobs(TooManyRequests):
    """The line of waiting jobs is full."""

    code = "too_many_jobs"
    title = "Too many jobs are waiting"


class IdempotencyKeyReused(Unprocessable):
    """The same Idempotency-Key came with another request."""

    code = "idempotency_key_reused"
    title = "This Idempotency-Key belongs to another request"


class JobFailed(DarkroomError):
    """What made a job fail, raised for whoever waits for it: its status, code and detail."""

    def __init__(self, job: Job) -> None:
        told = dict(job.error or {})
        status = told.pop("status", 500)
        code, detail = str(told.pop("code", self.code)), str(told.pop("detail", ""))
        super().__init__(detail, code=code, **told)
        self.status = int(status)
        self.title = f"The {job.kind} failed"


class LeaseLost(Exception):
    """Raised inside a transaction whose job is somebody else's by now, or has ended: it is undone."""


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to be added. `subject` is what it is about, such as datasets/3; `total` is 0 where not known yet.

    `request_digest`: any digest of the request, to tell a repeated one from another one that carries
    the same `idempotency_key`.
    """

    kind: str
    subject: str
    parameters: Mapping[str, Any]
    by: str
    total: int = 0
    idempotency_key: str | None = None
    request_digest: str = ""


class JobBoard:
    """Adds, claims, renews, ends, lists and sweeps the jobs of one deployable."""

    def __init__(
        self,
        table: Table,
        log: EventLog,
        *,
        kept: timedelta,
        max_waiting: int = MAX_WAITING,
        attempts: int = 3,
    ) -> None:
        """`kept`: how long a job stays after its end. `attempts`: claims without progress until it fails."""
        self.table = table
        self.log = log
        self._kept = kept
        self._max_waiting = max_waiting
        self._attempts = attempts

    def add(self, connection: Connection, new: NewJob) -> tuple[Job, bool]:
        """The job, and whether it is new: the same key of the same caller gives the job that is there.

        Raises TooManyJobs, IdempotencyKeyReused.
        """
        known = self.known(connection, new)
        if known is not None:
            return known, False
        table = self.table
        waiting = select(func.count()).select_from(table).where(table.c.state == "waiting")
        if connection.execute(waiting).scalar_one() >= self._max_waiting:
            raise TooManyJobs(f"{self._max_waiting} jobs are waiting already", headers={"Retry-After": "5"})
        moment = now()
        row = {
            "kind": new.kind,
            "subject": new.subject,
            "state": "waiting",
            "parameters": json.dumps(new.parameters),
            "total": new.total,
            "done": 0,
            "failed": 0,
            "attempts": 0,
            "cancel_wanted": False,
            "told_at": moment,
            "created_by": new.by,
            "idempotency_key": new.idempotency_key,
            "request_digest": new.request_digest if new.idempotency_key else None,
            "created_at": moment,
        }
        made = insert_unique(connection, table, row, table.c.id)
        if made is None:  # the same key came to another replica at the same moment
            known = self.known(connection, new)
            assert known is not None
            return known, False
        job = self.find(connection, made)
        self._tell(connection, "queued", job)
        return job, True

    def known(self, connection: Connection, new: NewJob) -> Job | None:
        """The job that the same key of the same caller made before. Raises IdempotencyKeyReused."""
        if new.idempotency_key is None:
            return None
        table = self.table
        mine = and_(table.c.created_by == new.by, table.c.idempotency_key == new.idempotency_key)
        row = connection.execute(select(table).where(mine)).first()
        if row is None:
            return None
        if row.request_digest != new.request_digest:
            raise IdempotencyKeyReused("send the same request again, or another key")
        return job_of(row)

    def find(self, connection: Connection, job_id: int) -> Job:
        """Raises JobNotFound."""
        row = connection.execute(select(self.table).where(self.table.c.id == job_id)).first()
        if row is None:
            raise JobNotFound(f"there is no job {job_id}")
        return job_of(row)

    def page(
        self,
        connection: Connection,
        *,
        limit: int,
        before: int | None = None,
        states: Sequence[JobState] = (),
        kind: str | None = None,
        subject: str | None = None,
    ) -> list[Job]:
        """Jobs, newest first, with ids below `before`."""
        table = self.table
        wanted = select(table).order_by(table.c.id.desc()).limit(limit)
        if before is not None:
            wanted = wanted.where(table.c.id < before)
        if states:
            wanted = wanted.where(table.c.state.in_(states))
        if kind is not None:
            wanted = wanted.where(table.c.kind == kind)
        if subject is not None:
            wanted = wanted.where(table.c.subject == subject)
        return [job_of(row) for row in connection.execute(wanted)]

    def claim(
        self, connection: Connection, owner: str, lease: timedelta, kinds: Sequence[str] = ()
    ) -> Job | None:
        """The oldest job that waits, or whose lease ran out, now `owner`'s for as long as `lease`; or None.

        A job that was claimed too often without any progress fails here instead.
        """
        while True:
            job = self._claim(connection, owner, lease, kinds)
            if job is None or job.attempts <= self._attempts:
                return job
            error = {"code": "gave_up", "detail": f"it was tried {self._attempts} times and never got on"}
            self.finish(connection, job.id, owner, "failed", error=error)

    def claimable(self, connection: Connection, kinds: Sequence[str] = ()) -> bool:
        """Whether a claim would find something: cheaper than one that does not."""
        free = self._free(now(), kinds)
        return connection.execute(select(self.table.c.id).where(free).limit(1)).first() is not None

    def _free(self, moment: datetime, kinds: Sequence[str]) -> ColumnElement[bool]:
        table = self.table
        expired = and_(table.c.state == "running", table.c.lease_until < moment)
        free = or_(table.c.state == "waiting", expired)
        return and_(free, table.c.kind.in_(kinds)) if kinds else free

    def _claim(
        self, connection: Connection, owner: str, lease: timedelta, kinds: Sequence[str]
    ) -> Job | None:
        table = self.table
        moment = now()
        free = self._free(moment, kinds)
        oldest = (
            select(table.c.id).where(free).order_by(table.c.id).limit(1).with_for_update(skip_locked=True)
        )
        take = (
            update(table)
            .where(table.c.id == oldest.scalar_subquery(), free)
            .values(
                state="running",
                lease_owner=owner,
                lease_until=moment + lease,
                attempts=table.c.attempts + 1,
                started_at=func.coalesce(table.c.started_at, literal(moment, Instant)),
            )
        )
        row = connection.execute(take.returning(*table.c)).first()
        if row is None:
            return None
        job = job_of(row)
        self._tell(connection, "started", job)
        return job

    def renew(self, connection: Connection, job_id: int, owner: str, lease: timedelta) -> Job:
        """The heartbeat; look at `cancel_wanted` of what it returns. Raises LeaseLost."""
        return self._held(connection, job_id, owner, lease_until=now() + lease)

    def hold(self, connection: Connection, job_id: int, owner: str) -> Job:
        """Makes sure, until the transaction ends, that the job is the owner's. Raises LeaseLost."""
        return self._held(connection, job_id, owner, lease_owner=owner)

    def progress(
        self,
        connection: Connection,
        job_id: int,
        owner: str,
        *,
        done: int,
        failed: int,
        total: int | None = None,
    ) -> Job:
        """Write how far it is. It is told at most four times a second. Raises LeaseLost."""
        values: dict[str, Any] = {"done": done, "failed": failed, "attempts": 1}
        if total is not None:
            values["total"] = total
        moment = now()
        told = self.table.c.told_at
        job_row = self._held_row(connection, job_id, owner, **values)
        if job_row.told_at + TELL_EVERY <= moment:
            connection.execute(update(self.table).where(self.table.c.id == job_id).values({told: moment}))
            self._tell(connection, "progress", job_of(job_row))
        return job_of(job_row)

    def finish(
        self,
        connection: Connection,
        job_id: int,
        owner: str,
        state: JobState,
        *,
        result: Mapping[str, Any] | None = None,
        error: Mapping[str, Any] | None = None,
    ) -> Job:
        """End it as finished, failed or cancelled. Raises LeaseLost."""
        job = self._held(connection, job_id, owner, **self._end(state, result, error))
        self._tell(connection, state, job)
        return job

    def release(self, connection: Connection, job_id: int, owner: str, *, counted: bool) -> None:
        """Give a running job back; unless `counted`, as if it had not been claimed."""
        table = self.table
        attempts = table.c.attempts if counted else table.c.attempts - 1
        back = {"state": "waiting", "lease_owner": None, "lease_until": None, "attempts": attempts}
        mine = and_(table.c.id == job_id, table.c.lease_owner == owner, table.c.state == "running")
        connection.execute(update(table).where(mine).values(**back))

    def free_all(self, connection: Connection) -> int:
        """Let every lease run out now: for a start where no other process can hold one. Returns how many."""
        table = self.table
        running = update(table).where(table.c.state == "running").values(lease_until=EPOCH)
        return connection.execute(running).rowcount

    def cancel(self, connection: Connection, job_id: int) -> Job:
        """A waiting job ends here; a running one is asked to. An ended one stays. Raises JobNotFound."""
        table = self.table
        waiting = update(table).where(table.c.id == job_id, table.c.state == "waiting")
        row = connection.execute(waiting.values(**self._end("cancelled")).returning(*table.c)).first()
        if row is not None:
            job = job_of(row)
            self._tell(connection, "cancelled", job)
            return job
        running = update(table).where(table.c.id == job_id, table.c.state == "running")
        connection.execute(running.values(cancel_wanted=True))
        return self.find(connection, job_id)

    def retry(self, connection: Connection, job_id: int, *, done: int, failed: int) -> Job:
        """An ended job waits again, with so many items through. Raises JobNotFound, Conflict."""
        table = self.table
        ended = update(table).where(table.c.id == job_id, table.c.state.in_(ENDED))
        again = {
            "state": "waiting",
            "done": done,
            "failed": failed,
            "attempts": 0,
            "cancel_wanted": False,
            "error": None,
            "result": None,
            "ended_at": None,
            "expires_at": None,
        }
        row = connection.execute(ended.values(**again).returning(*table.c)).first()
        if row is None:
            self.find(connection, job_id)
            raise Conflict("the job has not ended yet", code="job_not_ended")
        job = job_of(row)
        self._tell(connection, "queued", job)
        return job

    def expired(self, connection: Connection, moment: datetime, limit: int = 100) -> list[Job]:
        """Ended jobs whose time is over, oldest first."""
        table = self.table
        old = select(table).where(table.c.state.in_(ENDED), table.c.expires_at <= moment)
        return [job_of(row) for row in connection.execute(old.order_by(table.c.id).limit(limit))]

    def forget(self, connection: Connection, job_ids: Sequence[int]) -> None:
        """Drop the rows of ended jobs."""
        table = self.table
        connection.execute(delete(table).where(table.c.id.in_(job_ids), table.c.state.in_(ENDED)))

    def _end(
        self,
        state: JobState,
        result: Mapping[str, Any] | None = None,
        error: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        moment = now()
        return {
            "state": state,
            "result": None if result is None else json.dumps(result),
            "error": None if error is None else json.dumps(error),
            "lease_owner": None,
            "lease_until": None,
            "ended_at": moment,
            "expires_at": moment + self._kept,
        }

    def _held(self, connection: Connection, job_id: int, owner: str, **values: Any) -> Job:
        return job_of(self._held_row(connection, job_id, owner, **values))

    def _held_row(self, connection: Connection, job_id: int, owner: str, **values: Any) -> Any:
        """The fence: it writes only where the lease is the owner's. An expired one still is."""
        table = self.table
        mine: ColumnElement[bool] = and_(
            table.c.id == job_id, table.c.lease_owner == owner, table.c.state == "running"
        )
        row = connection.execute(update(table).where(mine).values(**values).returning(*table.c)).first()
        if row is None:
            raise LeaseLost(f"job {job_id} is not {owner}'s any more")
        return row

    def _tell(self, connection: Connection, what: str, job: Job) -> None:
        data = {
            "id": job.id,
            "kind": job.kind,
            "subject": job.subject,
            "state": job.state,
            "total": job.total,
            "done": job.done,
            "failed": job.failed,
            "by": job.created_by,
        }
        if job.error is not None:
            data["error"] = job.error
        if job.result is not None:
            data["result"] = job.result
        self.log.append(connection, f"job.{what}", f"jobs/{job.id}", data)
