"""The table of a deployable's jobs."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, String, Table, Text

from shared.database.types import Instant


def jobs_table(metadata: MetaData) -> Table:
    """One row a job. `parameters`, `result`, `error` are JSON; the lease is set while it runs."""
    table = Table(
        "jobs",
        metadata,
        Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
        Column("kind", String(40), nullable=False),
        Column("subject", String(200), nullable=False),
        Column("state", String(10), nullable=False),
        Column("parameters", Text, nullable=False),
        Column("result", Text),
        Column("error", Text),
        Column("total", Integer, nullable=False),
        Column("done", Integer, nullable=False),
        Column("failed", Integer, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("cancel_wanted", Boolean, nullable=False),
        Column("lease_owner", String(80)),
        Column("lease_until", Instant),
        Column("told_at", Instant, nullable=False),
        Column("created_by", Text, nullable=False),
        Column("idempotency_key", String(255)),
        Column("request_digest", String(64)),
        Column("created_at", Instant, nullable=False),
        Column("started_at", Instant),
        Column("ended_at", Instant),
        Column("expires_at", Instant),
        sqlite_autoincrement=True,
    )
    Index("jobs_state", table.c.state, table.c.id)
    Index("jobs_subject", table.c.subject, table.c.id)
    Index("jobs_idempotency", table.c.created_by, table.c.idempotency_key, unique=True)
    return table
