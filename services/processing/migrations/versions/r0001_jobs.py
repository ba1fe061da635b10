"""Jobs, their items, and events."""

import sqlalchemy as sa
from alembic import op

from shared.database.types import Instant

revision = "0001"
down_revision = None

Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the first tables."""
    _make_jobs()
    _make_items()
    op.create_table(
        "folders",
        sa.Column("token", sa.String(32), primary_key=True),
        sa.Column("job_id", Id, nullable=False),
        sa.Column("store_wanted", sa.Boolean, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
    )
    op.create_index("folders_job", "folders", ["job_id"])
    op.create_table(
        "events",
        sa.Column("sequence", Id, primary_key=True),
        sa.Column("type", sa.String(100), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("time", Instant, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )


def _make_items() -> None:
    op.create_table(
        "items",
        sa.Column("job_id", Id, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("stem", sa.Text, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("pipeline", sa.Text),
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("crashes", sa.Integer, nullable=False),
        sa.Column("image_name", sa.Text),
        sa.Column("original_key", sa.Text),
        sa.Column("original_size", sa.BigInteger),
        sa.Column("original_digest", sa.String(64)),
        sa.Column("original_type", sa.String(40)),
        sa.Column("result_key", sa.Text),
        sa.Column("result_size", sa.BigInteger),
        sa.Column("result_digest", sa.String(64)),
        sa.Column("result_type", sa.String(40)),
        sa.Column("width", sa.Integer),
        sa.Column("height", sa.Integer),
        sa.Column("error", sa.Text),
        sa.Column("stored_name", sa.Text),
        sa.Column("store_error", sa.Text),
        sa.Column("started_at", Instant),
        sa.Column("ended_at", Instant),
    )
    op.create_index("items_state", "items", ["job_id", "state", "position"])


def _make_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", Id, primary_key=True),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("parameters", sa.Text, nullable=False),
        sa.Column("result", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("done", sa.Integer, nullable=False),
        sa.Column("failed", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("cancel_wanted", sa.Boolean, nullable=False),
        sa.Column("lease_owner", sa.String(80)),
        sa.Column("lease_until", Instant),
        sa.Column("told_at", Instant, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("idempotency_key", sa.String(255)),
        sa.Column("request_digest", sa.String(64)),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("started_at", Instant),
        sa.Column("ended_at", Instant),
        sa.Column("expires_at", Instant),
        sqlite_autoincrement=True,
    )
    op.create_index("jobs_state", "jobs", ["state", "id"])
    op.create_index("jobs_subject", "jobs", ["subject", "id"])
    op.create_index("jobs_idempotency", "jobs", ["created_by", "idempotency_key"], unique=True)
