"""An item of a job as its row says."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Row

from shared.contracts.processing import ItemState

ENDED = frozenset({"finished", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Stored:
    """Bytes in the blob store: an original, or a result."""

    key: str
    size: int
    digest: str
    media_type: str


@dataclass(frozen=True, slots=True)
class NewItem:
    """An image of a job that is to be: uploaded, or named in the image store."""

    name: str
    stem: str
    pipeline: str | None = None
    original: Stored | None = None
    image_name: str | None = None
    error: dict[str, Any] | None = None  # why it has failed before it was tried


@dataclass(frozen=True, slots=True)
class Item:
    """What is known of an item. `run` counts how often it was handed out, and fences off earlier runs."""

    job_id: int
    index: int
    name: str
    stem: str
    state: ItemState
    pipeline: str | None
    run: int
    attempts: int
    crashes: int
    image_name: str | None
    original: Stored | None
    result: Stored | None
    width: int | None
    height: int | None
    error: dict[str, Any] | None
    stored_name: str | None
    store_error: dict[str, Any] | None
    started_at: datetime | None
    ended_at: datetime | None

    @property
    def ended(self) -> bool:
        """Whether nothing more happens to it by itself."""
        return self.state in ENDED


def item_of(row: Row[Any]) -> Item:
    """The row of the items table as an item."""
    return Item(
        job_id=row.job_id,
        index=row.position,
        name=row.name,
        stem=row.stem,
        state=cast("ItemState", row.state),
        pipeline=row.pipeline,
        run=row.run,
        attempts=row.attempts,
        crashes=row.crashes,
        image_name=row.image_name,
        original=_stored(row.original_key, row.original_size, row.original_digest, row.original_type),
        result=_stored(row.result_key, row.result_size, row.result_digest, row.result_type),
        width=row.width,
        height=row.height,
        error=None if row.error is None else json.loads(row.error),
        stored_name=row.stored_name,
        store_error=None if row.store_error is None else json.loads(row.store_error),
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


def _stored(key: str | None, size: int, digest: str, media_type: str) -> Stored | None:
    return None if key is None else Stored(key, size, digest, media_type)
