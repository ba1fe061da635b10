"""The SD-card browser's tables: cameras, the last known listing of their cards, jobs and events."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

from shared.database.types import Instant
from shared.events import events_table
from shared.jobs import jobs_table

metadata = MetaData()
# Dates, paths and ids sort by code point on both engines.
Key = Text().with_variant(Text(collation="C"), "postgresql")

# One row a camera. `id` is the folded id. A camera that was deleted by hand keeps its row, or the next
# start would seed it again. `offered_key` is a host key that was shown and is not accepted.
cameras = Table(
    "cameras",
    metadata,
    Column("id", Key, primary_key=True),
    Column("name", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("port", Integer, nullable=False),
    Column("user", Text),
    Column("card_path", Text, nullable=False),
    Column("config_path", Text),
    Column("model", Text, nullable=False),
    Column("source", String(10), nullable=False),
    Column("password", Text),
    Column("private_key", Text),
    Column("accepted_key", Text),
    Column("offered_key", Text),
    Column("version", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("deleted_at", Instant),
)


def _camera() -> Column[str]:
    reference = ForeignKey("cameras.id", ondelete="CASCADE")
    return Column("camera_id", Key, reference, primary_key=True)


# One row a camera that has been asked. `claimed_until` is the lease of who refreshes the listing.
cards = Table(
    "cards",
    metadata,
    _camera(),
    Column("state", String(60), nullable=False),
    Column("detail", Text, nullable=False),
    Column("checked_at", Instant),
    Column("size", BigInteger),
    Column("used", BigInteger),
    Column("available", BigInteger),
    Column("recording_plan", Text),
    Column("refreshed_at", Instant),
    Column("claimed_until", Instant),
    Column("claimed_by", String(40)),
)

# One row an hour's folder, as it was last listed. `settled`: nothing is written there any more, so that it
# is listed again only when its time changes.
hours = Table(
    "hours",
    metadata,
    _camera(),
    Column("date", String(10), primary_key=True),
    Column("hour", Integer, primary_key=True),
    Column("modified", BigInteger, nullable=False),
    Column("settled", Boolean, nullable=False),
    Column("clips", Integer, nullable=False),
    Column("others", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("listed_at", Instant, nullable=False),
)

# One row a file. `id` is made of its path; `modified` is seconds since 1970 by the camera's clock;
# `properties` is JSON, made of the file as it was with this size and time.
files = Table(
    "files",
    metadata,
    _camera(),
    Column("id", Key, primary_key=True),
    Column("date", String(10), nullable=False),
    Column("hour", Integer, nullable=False),
    Column("place", Key, nullable=False),
    Column("name", Text, nullable=False),
    Column("start", String(19)),
    Column("size", BigInteger, nullable=False),
    Column("modified", BigInteger, nullable=False),
    Column("properties", Text),
)
Index("files_place", files.c.camera_id, files.c.date, files.c.place)

jobs = jobs_table(metadata)
events = events_table(metadata)
