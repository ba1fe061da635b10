"""Datasets, their contents, history, jobs and events."""

from alembic import op

from services.tagging.tables import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first tables."""
    metadata.create_all(op.get_bind())
