"""All SQL of saved pipelines."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from services.processing.tables import pipelines
from shared.database.upsert import insert_missing


@dataclass(frozen=True, slots=True)
class PipelineRow:
    """A saved pipeline; `steps` is JSON."""

    name: str
    description: str
    steps: str
    revision: int
    created_by: str
    created_at: datetime
    updated_at: datetime


def find(connection: Connection, name: str, *, lock: bool = False) -> PipelineRow | None:
    """The pipeline of that name; with `lock` nobody else changes it before the transaction ends."""
    query = select(pipelines).where(pipelines.c.name == name)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _row(row)


def page(connection: Connection, after: str | None, limit: int) -> list[PipelineRow]:
    """Pipelines by name, those behind `after`."""
    query = select(pipelines).order_by(pipelines.c.name).limit(limit)
    if after is not None:
        query = query.where(pipelines.c.name > after)
    return [_row(row) for row in connection.execute(query)]


def add(connection: Connection, row: PipelineRow) -> bool:
    """Add it; False when the name is taken."""
    return insert_missing(connection, pipelines, _values(row))


def replace(connection: Connection, row: PipelineRow) -> None:
    """Put it in the place of the one of its name."""
    connection.execute(update(pipelines).where(pipelines.c.name == row.name).values(_values(row)))


def remove(connection: Connection, name: str) -> None:
    """Forget it."""
    connection.execute(delete(pipelines).where(pipelines.c.name == name))


def _values(row: PipelineRow) -> dict[str, Any]:
    return {field: getattr(row, field) for field in PipelineRow.__slots__}


def _row(row: Row[Any]) -> PipelineRow:
    return PipelineRow(**{field: getattr(row, field) for field in PipelineRow.__slots__})
