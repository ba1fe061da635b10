"""The tagging service's tables.

Rows of a dataset stand in blocks of BLOCK: tags as bits, a row's facts as packed text. A label then
rewrites some hundred bytes, a filter over a million rows reads some hundred kilobytes, and so does a
save. Why: docs/decisions/0005.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

from shared.database.types import Instant
from shared.events import events_table
from shared.jobs import jobs_table

metadata = MetaData()
Id = BigInteger().with_variant(Integer, "sqlite")


def _content() -> Column[str]:
    return Column("content_id", ForeignKey("contents.id", ondelete="CASCADE"), primary_key=True)


datasets = Table(
    "datasets",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("state", String(10), nullable=False),  # importing, ready
    Column("source", String(10), nullable=False),  # csv, imagestore
    Column("tags", Text, nullable=False),  # JSON: code, alias, key of each, in the order of the columns
    Column("cameras", Text, nullable=False),  # JSON: their names; facts name them by position
    Column("rows", Integer, nullable=False),
    Column("clips", Integer, nullable=False),
    Column("counts", Text, nullable=False),  # JSON: rows that carry each tag
    Column("tagged", Integer, nullable=False),  # rows that carry any
    Column("multiple_selection", Boolean, nullable=False),
    Column("autosave_changes", Integer),
    Column("autosave_seconds", Float),
    Column("revision", BigInteger, nullable=False),
    Column("saved_revision", BigInteger, nullable=False),
    Column("saved_at", Instant),
    Column("csv_path", Text, nullable=False),  # where saves go
    Column("image_folder", Text, nullable=False),  # what relative paths of images are relative to
    Column("encoding", String(40), nullable=False),
    Column(
        "content_id", String(32), nullable=False
    ),  # what it holds now; it exists before the dataset is ready
    Column("file_stamp", Text),  # JSON: what our last save left on the disk
    Column("next_stamp", Text),  # JSON: what a save that was under way was about to leave there
    Column("conflict", Boolean, nullable=False),
    Column("save_owner", String(80)),
    Column("save_until", Instant),
    Column("created_by", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("job_id", BigInteger),
    sqlite_autoincrement=True,
)

# What a dataset holds: a merge makes the next one, which takes the place of the one before at once.
contents = Table(
    "contents",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("dataset_id", ForeignKey("datasets.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Index("contents_dataset", "dataset_id"),
)

# Tag bits (T x BLOCK/8 bytes) and row versions (BLOCK x uint32) of BLOCK rows.
blocks = Table(
    "blocks",
    metadata,
    _content(),
    Column("block", Integer, primary_key=True, autoincrement=False),
    Column("revision", BigInteger, nullable=False),
    Column("bits", LargeBinary, nullable=False),
    Column("versions", LargeBinary, nullable=False),
    Index("blocks_revision", "content_id", "revision"),
)

# What does not change of BLOCK rows: paths, NUL between them, and cameras (uint16).
facts = Table(
    "facts",
    metadata,
    _content(),
    Column("block", Integer, primary_key=True, autoincrement=False),
    Column("paths", LargeBinary, nullable=False),
    Column("cameras", LargeBinary, nullable=False),
)

# `starts` is the first row, `ends` the row behind the last.
clips = Table(
    "clips",
    metadata,
    _content(),
    Column("clip", Integer, primary_key=True, autoincrement=False),
    Column("name", Text),
    Column("starts", Integer, nullable=False),
    Column("ends", Integer, nullable=False),
    Column("cameras", Integer, nullable=False),
)

# The history. `flips` says which cells changed, and to what (flips.py): an undo reverses those alone.
changes = Table(
    "changes",
    metadata,
    Column("id", Id, primary_key=True),
    Column("dataset_id", ForeignKey("datasets.id", ondelete="CASCADE"), nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("kind", String(4), nullable=False),  # tag, undo, redo
    Column("by", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("summary", Text, nullable=False),  # JSON: rows, cells, first, last, per tag
    Column("flips", LargeBinary, nullable=False),
    Column("of", BigInteger),  # the change that an undo or redo was of
    Column("undone_at", BigInteger),  # the revision that undid it
    Index("changes_dataset", "dataset_id", "id"),
    Index("changes_by", "dataset_id", "by", "kind", "id"),
    sqlite_autoincrement=True,
)

jobs = jobs_table(metadata)
events = events_table(metadata)
