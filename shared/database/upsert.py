"""INSERT that leaves an existing row alone: both engines have it, each in its own dialect."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_missing(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert the row unless its key is there; True when it was inserted."""
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    done = connection.execute(make(table).on_conflict_do_nothing(), dict(row))
    return done.rowcount == 1
