"""The processing service's tables."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, MetaData, String, Table, Text

from shared.database.types import Instant
from shared.events import events_table
from shared.jobs import jobs_table

metadata = MetaData()
Id = BigInteger().with_variant(Integer, "sqlite")
# Names sort by code point on both engines, so that pages are the same everywhere
Name = Text().with_variant(Text(collation="C"), "postgresql")

jobs = jobs_table(metadata)

# One row an image of a job. `run` grows each time that it is handed to a worker: what an earlier run
# brings is refused. `attempts` counts the runs that ended by themselves, or took their worker with them.
items = Table(
    "items",
    metadata,
    Column("job_id", Id, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column(
        "stem", Text, nullable=False
    ),  # what its result's name begins with: no other item of the job has it
    Column("state", String(10), nullable=False),
    Column("pipeline", Text),  # where it differs from the job's
    Column("run", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("crashes", Integer, nullable=False),
    Column("image_name", Text),  # of the image store, where it comes from there
    Column("original_key", Text),
    Column("original_size", BigInteger),
    Column("original_digest", String(64)),
    Column("original_type", String(40)),
    Column("result_key", Text),
    Column("result_size", BigInteger),
    Column("result_digest", String(64)),
    Column("result_type", String(40)),
    Column("width", Integer),
    Column("height", Integer),
    Column("error", Text),
    Column("stored_name", Text),  # under which the image store has the result
    Column("store_error", Text),
    Column("started_at", Instant),
    Column("ended_at", Instant),
)
Index("items_state", items.c.job_id, items.c.state, items.c.position)

# Where a job's bytes stand in the blob store until they are swept; and whether its results go on to the
# image store.
folders = Table(
    "folders",
    metadata,
    Column("token", String(32), primary_key=True),
    Column("job_id", Id, nullable=False),
    Column("store_wanted", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
)
Index("folders_job", folders.c.job_id)

# Pipelines under names of their own; `steps` is JSON, as the API shows it.
pipelines = Table(
    "pipelines",
    metadata,
    Column("name", Name, primary_key=True),
    Column("description", Text, nullable=False),
    Column("steps", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

events = events_table(metadata)
