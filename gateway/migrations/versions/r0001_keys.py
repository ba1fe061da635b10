"""Keys and sessions."""

import sqlalchemy as sa
from alembic import op

from shared.database.types import Instant

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "keys",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False, unique=True),
        sa.Column("scopes", sa.String(50), nullable=False),
        sa.Column("created", Instant, nullable=False),
        sa.Column("expires", Instant),
        sa.Column("last_used", Instant),
        sa.Column("revoked", Instant),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "sessions",
        sa.Column("digest", sa.LargeBinary(32), primary_key=True),
        sa.Column("key_id", sa.Integer, sa.ForeignKey("keys.id", ondelete="CASCADE"), nullable=False),
        sa.Column("created", Instant, nullable=False),
        sa.Column("expires", Instant, nullable=False),
    )
    op.create_index("ix_sessions_key_id", "sessions", ["key_id"])


def downgrade() -> None:
    """Back to nothing."""
    op.drop_table("sessions")
    op.drop_table("keys")
