"""Sign-in codes, and keys of devices that stand on another key."""

import sqlalchemy as sa
from alembic import op

from shared.database.types import Instant

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the codes' table; a key may name the one that it stands on."""
    op.create_table(
        "sign_in_codes",
        sa.Column("digest", sa.LargeBinary(32), primary_key=True),
        sa.Column("key_id", sa.Integer, sa.ForeignKey("keys.id", ondelete="CASCADE"), nullable=False),
        sa.Column("scopes", sa.String(50), nullable=False),
        sa.Column("expires", Instant, nullable=False),
    )
    op.create_index("ix_sign_in_codes_key_id", "sign_in_codes", ["key_id"])
    op.add_column("keys", sa.Column("parent_id", sa.Integer))
    op.create_index("ix_keys_parent_id", "keys", ["parent_id"])


def downgrade() -> None:
    """Back to keys and sessions."""
    op.drop_index("ix_keys_parent_id", "keys")
    op.drop_column("keys", "parent_id")
    op.drop_table("sign_in_codes")
