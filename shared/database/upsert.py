"""INSERT that leaves an existing row alone: both engines have it, each in its own dialect."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from sqlalchemy import Column, Connection, Table, bindparam, literal
from sqlalchemy.dialects import postgresql, sqlite

from shared.database.prepared import Prepared


def insert_missing(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert the row unless its key is there; True when it was inserted."""
    put = _statement(connection.dialect.name, table, None)
    return connection.execute(put, dict(row)).first() is not None


def insert_unique(connection: Connection, table: Table, row: Mapping[str, Any], answer: Column[Any]) -> Any:
    """Insert the row unless one with its unique values is there: the new row's `answer`, None where not."""
    put = _statement(connection.dialect.name, table, answer)
    return connection.execute(put, dict(row)).scalar()


class InsertMissing:
    """The same prepared, for inserts that uploads wait for; values as Prepared takes them."""

    def __init__(self, table: Table, columns: Iterable[str], answer: Column[Any]) -> None:
        values: dict[str, Any] = {name: bindparam(name) for name in columns}
        self._by_dialect = {
            name: Prepared(_statement(name, table, answer).values(values))
            for name in ("sqlite", "postgresql")
        }

    def run(self, connection: Connection, row: Mapping[str, Any]) -> Any | None:
        """The new row's `answer`; None where one with the same unique values is there."""
        made = self._by_dialect[connection.dialect.name].run(connection, row).fetchall()
        return made[0][0] if made else None


@cache
def _statement(dialect: str, table: Table, answer: Column[Any] | None) -> Any:
    """Made once for each table: to put it together costs as much as to run it."""
    make = sqlite.insert if dialect == "sqlite" else postgresql.insert
    # RETURNING, not rowcount: psycopg's is -1 where SQLAlchemy fetches a generated key.
    return make(table).on_conflict_do_nothing().returning(literal(1) if answer is None else answer)
