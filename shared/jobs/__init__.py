"""Jobs as rows with leases: the row is the truth, whoever runs it only holds it for a while.

A service declares `jobs = jobs_table(metadata)` beside its tables, makes a `JobBoard` of it, adds jobs
in its own transactions, and starts a `JobRunner` with one handler a kind in its lifespan.

    waiting --claim--> running --finish--> finished | failed | cancelled
       ^                  |
       +--release, retry--+     a lease that ran out is claimed again, by anyone

Every write of a runner is fenced: it holds only while the job's lease is its own (`RunningJob.write`).
"""

from shared.jobs.board import (
    IdempotencyKeyReused,
    JobBoard,
    JobFailed,
    JobNotFound,
    LeaseLost,
    NewJob,
    TooManyJobs,
)
from shared.jobs.row import ENDED, Job, JobState
from shared.jobs.runner import JobCancelled, JobRunner, RunningJob
from shared.jobs.table import jobs_table

__all__ = [
    "ENDED",
    "IdempotencyKeyReused",
    "Job",
    "JobBoard",
    "JobCancelled",
    "JobFailed",
    "JobNotFound",
    "JobRunner",
    "JobState",
    "LeaseLost",
    "NewJob",
    "RunningJob",
    "TooManyJobs",
    "jobs_table",
]
