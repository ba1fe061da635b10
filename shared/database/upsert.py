"""INSERT that leaves an existing row alone: both engines have it, each in its own dialect."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table, literal
from sqlalchemy.dialects import postgresql, sqlite


def insert_missing(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert the row unless its key is there; True when it was inserted."""
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    # RETURNING, not rowcount: psycopg's is -1 where SQLAlchemy fetches a generated key.
    put = make(table).on_conflict_do_nothing().returning(literal(1))
    return connection.execute(put, dict(row)).first() is not None
