"""Images, their versions, blobs, tags, share links and events."""

import sqlalchemy as sa
from alembic import op

from shared.database.types import Instant

revision = "0001"
down_revision = None

Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
Name = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
LIVE = sa.text("deleted_at IS NULL")
DELETED = sa.text("deleted_at IS NOT NULL")


def _content() -> list[sa.Column[object]]:
    return [
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("media_type", sa.String(40), nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("taken_at", Instant),
    ]


def _image(*, on_delete: str = "CASCADE") -> sa.ForeignKey:
    return sa.ForeignKey("images.id", ondelete=on_delete)


def upgrade() -> None:
    """Make the first tables."""
    _make_images()
    _make_links()
    op.create_table(
        "events",
        sa.Column("sequence", Id, primary_key=True),
        sa.Column("type", sa.String(100), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("time", Instant, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )


def _live_index(name: str, columns: list[str], *, unique: bool = False) -> None:
    op.create_index(name, "images", columns, unique=unique, sqlite_where=LIVE, postgresql_where=LIVE)


def _make_images() -> None:
    op.create_table(
        "images",
        sa.Column("id", Id, primary_key=True),
        sa.Column("name", Name, nullable=False),
        sa.Column("folded_name", Name, nullable=False),
        *_content(),
        sa.Column("shown_at", Instant, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("deleted_at", Instant),
        sqlite_autoincrement=True,
    )
    _live_index("images_name", ["name"], unique=True)
    for name, column in (
        ("images_created", "created_at"),
        ("images_updated", "updated_at"),
        ("images_shown", "shown_at"),
        ("images_size", "size"),
    ):
        _live_index(name, [column, "id"])
    op.create_index(
        "images_deleted", "images", ["deleted_at"], sqlite_where=DELETED, postgresql_where=DELETED
    )
    op.create_index("images_digest", "images", ["digest"])
    op.create_table(
        "versions",
        sa.Column("image_id", Id, _image(), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        *_content(),
        sa.Column("created_at", Instant, nullable=False),
    )
    op.create_index("versions_digest", "versions", ["digest"])
    op.create_table(
        "blobs",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("doomed_at", Instant),
    )
    op.create_table(
        "tags",
        sa.Column("image_id", Id, _image(), primary_key=True),
        sa.Column("tag", Name, primary_key=True),
    )
    op.create_index("tags_tag", "tags", ["tag", "image_id"])


def _make_links() -> None:
    op.create_table(
        "links",
        sa.Column("id", Id, primary_key=True),
        sa.Column("token", sa.String(64), nullable=False, unique=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("revoked_at", Instant),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "link_images",
        sa.Column("link_id", Id, sa.ForeignKey("links.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("image_id", Id, _image(), nullable=False),
    )
    op.create_index("link_images_image", "link_images", ["image_id"])
