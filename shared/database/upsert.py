"""INSERT that leaves an existing row alone: both engines have it, each in its own dialect."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Column, Connection, Executable, Table, literal
from sqlalchemy.dialects import postgresql, sqlite


def insert_missing(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert the row unless its key is there; True when it was inserted."""
    return connection.execute(_statement(connection.dialect.name, table, None), dict(row)).first() is not None


def insert_missing_key(
    connection: Connection, table: Table, row: Mapping[str, Any], key: Column[Any]
) -> Any | None:
    """Insert the row unless one with the same unique values is there; the new row's `key`, or None."""
    return connection.execute(_statement(connection.dialect.name, table, key), dict(row)).scalar_one_or_none()


@cache
def _statement(dialect: str, table: Table, key: Column[Any] | None) -> Executable:
    """Made once for each table: to put it together costs as much as to run it."""
    make = sqlite.insert if dialect == "sqlite" else postgresql.insert
    # RETURNING, not rowcount: psycopg's is -1 where SQLAlchemy fetches a generated key.
    return make(table).on_conflict_do_nothing().returning(literal(1) if key is None else key)
