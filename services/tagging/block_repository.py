"""All SQL on contents: blocks of tags, facts, clips. Every call is inside a transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, exists, insert, select, update

from services.tagging.tables import blocks, clips, contents, datasets, facts
from shared.database.types import now


@dataclass(frozen=True, slots=True)
class BlockRow:
    """One block's tags and versions, packed as bits.py does."""

    block: int
    bits: bytes
    versions: bytes


@dataclass(frozen=True, slots=True)
class FactsRow:
    """One block's paths (NUL between them) and cameras (uint16, little-endian)."""

    block: int
    paths: bytes
    cameras: bytes


@dataclass(frozen=True, slots=True)
class ClipRow:
    """A run of rows, from `starts` up to (not including) `ends`; `cameras` of them are one frame."""

    clip: int
    name: str | None
    starts: int
    ends: int
    cameras: int


_BLOCK_COLUMNS = (blocks.c.block, blocks.c.bits, blocks.c.versions)
_WRITE_BLOCK = (
    update(blocks)
    .where(blocks.c.content_id == bindparam("of_content"), blocks.c.block == bindparam("number"))
    .values(revision=bindparam("at"), bits=bindparam("new_bits"), versions=bindparam("new_versions"))
)


def add_blocks(connection: Connection, content_id: str, found: Sequence[BlockRow]) -> None:
    """New blocks, of revision 0."""
    connection.execute(
        insert(blocks),
        [
            {
                "content_id": content_id,
                "block": each.block,
                "revision": 0,
                "bits": each.bits,
                "versions": each.versions,
            }
            for each in found
        ],
    )


def read_block(connection: Connection, content_id: str, block: int) -> BlockRow | None:
    """One block."""
    wanted = select(*_BLOCK_COLUMNS).where(blocks.c.content_id == content_id, blocks.c.block == block)
    row = connection.execute(wanted).first()
    return None if row is None else BlockRow(*row)


def read_blocks(connection: Connection, content_id: str, numbers: Sequence[int]) -> list[BlockRow]:
    """The blocks of those numbers, which are sorted; one range where they are close together."""
    if not numbers:
        return []
    first, last = numbers[0], numbers[-1]
    wanted = select(*_BLOCK_COLUMNS).where(
        blocks.c.content_id == content_id, blocks.c.block.between(first, last)
    )
    chosen = set(numbers)
    found = connection.execute(wanted.order_by(blocks.c.block))
    return [BlockRow(*row) for row in found if row.block in chosen]


def blocks_since(connection: Connection, content_id: str, revision: int) -> list[BlockRow]:
    """Blocks that changed after that revision; all of them for -1."""
    wanted = select(*_BLOCK_COLUMNS).where(blocks.c.content_id == content_id, blocks.c.revision > revision)
    return [BlockRow(*row) for row in connection.execute(wanted)]


def write_blocks(connection: Connection, content_id: str, revision: int, found: Iterable[BlockRow]) -> None:
    """Put the blocks' new tags and versions in their places."""
    values = [
        {
            "of_content": content_id,
            "number": each.block,
            "at": revision,
            "new_bits": each.bits,
            "new_versions": each.versions,
        }
        for each in found
    ]
    connection.execute(_WRITE_BLOCK, values if len(values) > 1 else values[0])


def add_facts(connection: Connection, content_id: str, found: Sequence[FactsRow]) -> None:
    """New facts."""
    connection.execute(
        insert(facts),
        [
            {"content_id": content_id, "block": each.block, "paths": each.paths, "cameras": each.cameras}
            for each in found
        ],
    )


def read_facts(connection: Connection, content_id: str) -> list[FactsRow]:
    """All facts of a content, in order."""
    wanted = select(facts.c.block, facts.c.paths, facts.c.cameras).where(facts.c.content_id == content_id)
    return [FactsRow(*row) for row in connection.execute(wanted.order_by(facts.c.block))]


def add_clips(connection: Connection, content_id: str, found: Sequence[ClipRow]) -> None:
    """New clips."""
    connection.execute(
        insert(clips),
        [
            {
                "content_id": content_id,
                "clip": each.clip,
                "name": each.name,
                "starts": each.starts,
                "ends": each.ends,
                "cameras": each.cameras,
            }
            for each in found
        ],
    )


_CLIP_COLUMNS = (clips.c.clip, clips.c.name, clips.c.starts, clips.c.ends, clips.c.cameras)


def read_clips(connection: Connection, content_id: str, after: int, limit: int) -> list[ClipRow]:
    """Clips with numbers over `after`, in order."""
    wanted = select(*_CLIP_COLUMNS).where(clips.c.content_id == content_id, clips.c.clip > after)
    return [ClipRow(*row) for row in connection.execute(wanted.order_by(clips.c.clip).limit(limit))]


def add_content(connection: Connection, dataset_id: int, content_id: str) -> None:
    """A new, empty content, whose source is on the shelf under that id."""
    connection.execute(insert(contents).values(id=content_id, dataset_id=dataset_id, created_at=now()))


def is_content(connection: Connection, content_id: str) -> bool:
    """Whether there is a content of that id."""
    return connection.execute(select(contents.c.id).where(contents.c.id == content_id)).first() is not None


def contents_of(connection: Connection, dataset_id: int) -> list[str]:
    """All contents of a dataset, those that it has no more among them."""
    return list(
        connection.execute(select(contents.c.id).where(contents.c.dataset_id == dataset_id)).scalars()
    )


def stale_contents(connection: Connection, before: datetime) -> list[str]:
    """Contents made before that moment that no dataset holds any more, or will hold."""
    held = exists().where(datasets.c.content_id == contents.c.id)
    running = exists().where(datasets.c.id == contents.c.dataset_id, datasets.c.state == "importing")
    old = select(contents.c.id).where(contents.c.created_at < before, ~held, ~running)
    return list(connection.execute(old).scalars())


def empty_content(connection: Connection, content_id: str) -> None:
    """Remove what an earlier try has written."""
    for table in (blocks, facts, clips):
        connection.execute(delete(table).where(table.c.content_id == content_id))


def drop_content(connection: Connection, content_id: str) -> None:
    """Remove a content with its blocks, facts and clips."""
    connection.execute(delete(contents).where(contents.c.id == content_id))
