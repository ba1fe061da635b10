"""Cameras, what is known of their cards, jobs and events."""

import sqlalchemy as sa
from alembic import op

from shared.database.types import Instant

revision = "0001"
down_revision = None

Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
Key = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _camera() -> sa.Column[str]:
    reference = sa.ForeignKey("cameras.id", ondelete="CASCADE")
    return sa.Column("camera_id", Key, reference, primary_key=True)


def upgrade() -> None:
    """Make the first tables."""
    _make_cameras()
    _make_listings()
    _make_jobs()
    op.create_table(
        "events",
        sa.Column("sequence", Id, primary_key=True),
        sa.Column("type", sa.String(100), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("time", Instant, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )


def _make_cameras() -> None:
    op.create_table(
        "cameras",
        sa.Column("id", Key, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("port", sa.Integer, nullable=False),
        sa.Column("user", sa.Text),
        sa.Column("card_path", sa.Text, nullable=False),
        sa.Column("config_path", sa.Text),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("source", sa.String(10), nullable=False),
        sa.Column("password", sa.Text),
        sa.Column("private_key", sa.Text),
        sa.Column("accepted_key", sa.Text),
        sa.Column("offered_key", sa.Text),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("deleted_at", Instant),
    )
    op.create_table(
        "cards",
        _camera(),
        sa.Column("state", sa.String(60), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("checked_at", Instant),
        sa.Column("size", sa.BigInteger),
        sa.Column("used", sa.BigInteger),
        sa.Column("available", sa.BigInteger),
        sa.Column("recording_plan", sa.Text),
        sa.Column("refreshed_at", Instant),
        sa.Column("claimed_until", Instant),
        sa.Column("claimed_by", sa.String(40)),
    )


def _make_listings() -> None:
    op.create_table(
        "hours",
        _camera(),
        sa.Column("date", sa.String(10), primary_key=True),
        sa.Column("hour", sa.Integer, primary_key=True),
        sa.Column("modified", sa.BigInteger, nullable=False),
        sa.Column("settled", sa.Boolean, nullable=False),
        sa.Column("clips", sa.Integer, nullable=False),
        sa.Column("others", sa.Integer, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("listed_at", Instant, nullable=False),
    )
    op.create_table(
        "files",
        _camera(),
        sa.Column("id", Key, primary_key=True),
        sa.Column("date", sa.String(10), nullable=False),
        sa.Column("hour", sa.Integer, nullable=False),
        sa.Column("place", Key, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("start", sa.String(19)),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("modified", sa.BigInteger, nullable=False),
        sa.Column("properties", sa.Text),
    )
    op.create_index("files_place", "files", ["camera_id", "date", "place"])


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
