"""The gateway's tables: keys, and the browser sessions and sign-in codes that stand on them."""

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, MetaData, String, Table

from shared.database.types import Instant

metadata = MetaData()

keys = Table(
    "keys",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(100), nullable=False),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("scopes", String(50), nullable=False),
    Column("created", Instant, nullable=False),
    Column("expires", Instant),
    Column("last_used", Instant),
    Column("revoked", Instant),
    Column(
        "parent_id", Integer, index=True
    ),  # of a device's key: the one that let it in; rows are never deleted
    sqlite_autoincrement=True,
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("key_id", Integer, ForeignKey("keys.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created", Instant, nullable=False),
    Column("expires", Instant, nullable=False),
)

sign_in_codes = Table(
    "sign_in_codes",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("key_id", Integer, ForeignKey("keys.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("scopes", String(50), nullable=False),
    Column("expires", Instant, nullable=False),
)
