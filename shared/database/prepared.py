"""Prepared: a Core statement compiled once a dialect, and executed by the driver itself.

For the few statements that every label or upload waits for: SQLAlchemy's own execution costs 60 to 100 us
each, five times what SQLite needs for the work. Everywhere else the plain way is the right one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Executable
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.dialects.sqlite import pysqlite
from sqlalchemy.exc import DBAPIError


class Prepared:
    """A statement with named parameters (bindparam). Values go to the driver, and come back, as they are:

    an Instant is its number of microseconds (`microseconds`), a JSON column its text.
    """

    def __init__(self, statement: Executable, lists: Sequence[str] = ()) -> None:
        """`lists`: parameters that are lists, for PostgreSQL: they go as they are, not escaped as text."""
        self._statement = statement
        self._lists = lists
        self._text: dict[str, str] = {}

    def run(self, connection: Connection, parameters: Mapping[str, Any]) -> Any:
        """The driver's cursor, in the connection's transaction. Raises SQLAlchemy's errors, as elsewhere."""
        name = connection.dialect.name
        text = self._text.get(name) or self._compile(name)
        driver: Any = connection.connection.driver_connection
        try:
            if name == "postgresql":  # bytes as they are, and not twice as long in hexadecimal
                return driver.execute(text, parameters, binary=True)
            return driver.execute(text, parameters)
        except connection.dialect.loaded_dbapi.Error as error:
            raise DBAPIError.instance(
                text,
                dict(parameters),
                error,
                connection.dialect.loaded_dbapi.Error,
                dialect=connection.dialect,
            ) from error

    def _compile(self, name: str) -> str:
        dialect: Dialect = pysqlite.dialect(paramstyle="named") if name == "sqlite" else psycopg.dialect()  # type: ignore[no-untyped-call]
        compiled = self._statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        text = str(compiled)
        for each in self._lists:
            text = text.replace(f"%({each})s", f"%({each})b")
        self._text[name] = text
        return self._text[name]
