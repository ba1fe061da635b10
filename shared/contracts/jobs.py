"""Jobs on the wire: what every service tells of work that takes longer than a request."""

from typing import TYPE_CHECKING, Any, Literal

from pydantic import AwareDatetime, BaseModel, Field

if TYPE_CHECKING:
    from shared.jobs.row import Job


class JobProgress(BaseModel):
    """How far it is, in items. `total` is 0 while it is not known."""

    total: int
    done: int = Field(description="items that are through, failed ones among them")
    failed: int


class JobView(BaseModel):
    """A job as it stands."""

    id: int
    kind: str
    subject: str = Field(examples=["datasets/3"])
    state: Literal["waiting", "running", "finished", "failed", "cancelled"]
    progress: JobProgress
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = Field(None, description="why it failed: code, detail, and more")
    created_by: str
    created_at: AwareDatetime
    started_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None
    expires_at: AwareDatetime | None = Field(None, description="when it is swept, with what belongs to it")


def job_view(job: "Job") -> JobView:
    """The job as it goes over the wire."""
    return JobView(
        id=job.id,
        kind=job.kind,
        subject=job.subject,
        state=job.state,
        progress=JobProgress(total=job.total, done=job.done, failed=job.failed),
        result=job.result,
        error=job.error,
        created_by=job.created_by,
        created_at=job.created_at,
        started_at=job.started_at,
        ended_at=job.ended_at,
        expires_at=job.expires_at,
    )
