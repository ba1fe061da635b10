"""Datasets, their contents, history, jobs and events."""

import sqlalchemy as sa
from alembic import op

from shared.database.types import Instant

revision = "0001"
down_revision = None

Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the first tables."""
    _make_datasets()
    _make_changes()
    _make_contents()
    _make_jobs()
    _make_events()


def _make_datasets() -> None:
    op.create_table(
        "datasets",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("source", sa.String(10), nullable=False),
        sa.Column("tags", sa.Text, nullable=False),
        sa.Column("cameras", sa.Text, nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("clips", sa.Integer, nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
        sa.Column("tagged", sa.Integer, nullable=False),
        sa.Column("multiple_selection", sa.Boolean, nullable=False),
        sa.Column("autosave_changes", sa.Integer),
        sa.Column("autosave_seconds", sa.Float),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("saved_revision", sa.BigInteger, nullable=False),
        sa.Column("saved_at", Instant),
        sa.Column("csv_path", sa.Text, nullable=False),
        sa.Column("image_folder", sa.Text, nullable=False),
        sa.Column("encoding", sa.String(40), nullable=False),
        sa.Column("content_id", sa.String(32), nullable=False),
        sa.Column("file_stamp", sa.Text),
        sa.Column("next_stamp", sa.Text),
        sa.Column("conflict", sa.Boolean, nullable=False),
        sa.Column("save_owner", sa.String(80)),
        sa.Column("save_until", Instant),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("job_id", sa.BigInteger),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )


def _make_changes() -> None:
    op.create_table(
        "changes",
        sa.Column("id", Id, nullable=False),
        sa.Column("dataset_id", Id, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(4), nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("flips", sa.LargeBinary, nullable=False),
        sa.Column("of", sa.BigInteger),
        sa.Column("undone_at", sa.BigInteger),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("changes_by", "changes", ["dataset_id", "by", "kind", "id"])
    op.create_index("changes_dataset", "changes", ["dataset_id", "id"])


def _make_contents() -> None:
    op.create_table(
        "contents",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("dataset_id", Id, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("contents_dataset", "contents", ["dataset_id"])
    op.create_table(
        "blocks",
        sa.Column("content_id", sa.String(32), nullable=False),
        sa.Column("block", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("bits", sa.LargeBinary, nullable=False),
        sa.Column("versions", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(["content_id"], ["contents.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("content_id", "block"),
    )
    op.create_index("blocks_revision", "blocks", ["content_id", "revision"])
    op.create_table(
        "clips",
        sa.Column("content_id", sa.String(32), nullable=False),
        sa.Column("clip", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("starts", sa.Integer, nullable=False),
        sa.Column("ends", sa.Integer, nullable=False),
        sa.Column("cameras", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(["content_id"], ["contents.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("content_id", "clip"),
    )
    op.create_table(
        "facts",
        sa.Column("content_id", sa.String(32), nullable=False),
        sa.Column("block", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("paths", sa.LargeBinary, nullable=False),
        sa.Column("cameras", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(["content_id"], ["contents.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("content_id", "block"),
    )


def _make_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", Id, nullable=False),
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
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("jobs_idempotency", "jobs", ["created_by", "idempotency_key"], unique=True)
    op.create_index("jobs_state", "jobs", ["state", "id"])
    op.create_index("jobs_subject", "jobs", ["subject", "id"])


def _make_events() -> None:
    op.create_table(
        "events",
        sa.Column("sequence", Id, nullable=False),
        sa.Column("type", sa.String(100), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("time", Instant, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
        sqlite_autoincrement=True,
    )
