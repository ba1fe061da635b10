"""The image store's tables."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
)

from shared.database.types import Instant
from shared.events import events_table

metadata = MetaData()
Id = BigInteger().with_variant(Integer, "sqlite")
# Names sort by code point on both engines: prefixes are ranges, and pages the same everywhere.
Name = Text().with_variant(Text(collation="C"), "postgresql")


def _content_columns() -> list[Column[object]]:
    return [
        Column("digest", String(64), nullable=False),
        Column("size", BigInteger, nullable=False),
        Column("media_type", String(40), nullable=False),
        Column("width", Integer, nullable=False),
        Column("height", Integer, nullable=False),
        Column("taken_at", Instant),
    ]


# One row an image, with its present content. A deleted image keeps its row, and gives its name free.
images = Table(
    "images",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Name, nullable=False),
    Column("folded_name", Name, nullable=False),
    *_content_columns(),
    Column("shown_at", Instant, nullable=False),  # taken_at, or else when it came: what people sort by
    Column("version", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("deleted_at", Instant),
    sqlite_autoincrement=True,
)
LIVE = text("deleted_at IS NULL")
for _name, _columns, _unique in (
    ("images_name", ("name",), True),
    ("images_created", ("created_at", "id"), False),
    ("images_updated", ("updated_at", "id"), False),
    ("images_shown", ("shown_at", "id"), False),
    ("images_size", ("size", "id"), False),
):
    Index(
        _name,
        *(images.c[column] for column in _columns),
        unique=_unique,
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    )
DELETED = text("deleted_at IS NOT NULL")
Index("images_deleted", images.c.deleted_at, sqlite_where=DELETED, postgresql_where=DELETED)
Index("images_digest", images.c.digest)

# Earlier contents of a name; the present one stands in images.
versions = Table(
    "versions",
    metadata,
    Column("image_id", Id, ForeignKey("images.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True),
    *_content_columns(),
    Column("created_at", Instant, nullable=False),
)
Index("versions_digest", versions.c.digest)

# One row a stored blob. `doomed_at` is set while the sweeper removes it: an upload of the same bytes
# that sees it stores them again.
blobs = Table(
    "blobs",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("doomed_at", Instant),
)

tags = Table(
    "tags",
    metadata,
    Column("image_id", Id, ForeignKey("images.id", ondelete="CASCADE"), primary_key=True),
    Column("tag", Name, primary_key=True),
)
Index("tags_tag", tags.c.tag, tags.c.image_id)

links = Table(
    "links",
    metadata,
    Column("id", Id, primary_key=True),
    Column("token", String(64), nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("password_hash", Text),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    sqlite_autoincrement=True,
)
link_images = Table(
    "link_images",
    metadata,
    Column("link_id", Id, ForeignKey("links.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("image_id", Id, ForeignKey("images.id", ondelete="CASCADE"), nullable=False),
)
Index("link_images_image", link_images.c.image_id)

events = events_table(metadata)
