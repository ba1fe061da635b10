"""Snapshot: all rows of one database at one moment, as files that both engines can be filled from.

A file a table, gzip over lines of JSON: first the table's name and its columns with their kinds, then a
list of values a row. Bytes are in base64; everything else is as the database has it.
"""

import base64
import gzip
import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from sqlalchemy import Connection, MetaData, Table, func, select, text
from sqlalchemy.exc import SAWarning

from shared.backup.errors import BackupError
from shared.backup.holdings import Row
from shared.database.migrations import VERSION_TABLE, revision_of

KINDS: dict[type, str] = {int: "integer", str: "text", bool: "boolean", bytes: "bytes", float: "real"}
AT_ONCE = 1000
LEVEL = 1  # of gzip: rows are read once, and bytes of labels shrink little more with another one


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was read: the schema's revision, rows by table, and the highest id ever given by table."""

    revision: str
    rows: dict[str, int]
    sequences: dict[str, int]


def tables_of(connection: Connection) -> list[Table]:
    """The tables there are, those that others refer to first."""
    metadata = MetaData()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # indexes that cannot be reflected are nothing to us
        metadata.reflect(connection)
    return [table for table in metadata.sorted_tables if table.name != VERSION_TABLE]


def take(connection: Connection, folder: Path, seen: Callable[[str, Row], None]) -> Snapshot:
    """Write each table to `folder`/<table>.jsonl.gz; `seen` is told of every row.

    The connection's transaction is one snapshot, which no writer waits for. Raises BackupError.
    """
    revision = revision_of(connection)
    if revision is None:
        raise BackupError("the database is empty: its service was never started")
    folder.mkdir(parents=True, exist_ok=True)
    tables = tables_of(connection)
    files = {table: folder / f"{table.name}.jsonl.gz" for table in tables}
    rows = {table.name: _write(connection, table, file, seen) for table, file in files.items()}
    return Snapshot(revision, rows, _sequences(connection, tables))


def _write(connection: Connection, table: Table, path: Path, seen: Callable[[str, Row], None]) -> int:
    names = [column.name for column in table.columns]
    kinds = [KINDS[column.type.python_type] for column in table.columns]
    packed = [place for place, kind in enumerate(kinds) if kind == "bytes"]
    count = 0
    with gzip.open(path, "wb", LEVEL) as file:
        _put(file, {"table": table.name, "columns": list(zip(names, kinds, strict=True))})
        found = connection.execution_options(yield_per=AT_ONCE).execute(select(table))
        for row in found:
            seen(table.name, cast("Row", row._mapping))  # noqa: SLF001 - its documented name
            values = list(row)
            for place in packed:
                if values[place] is not None:
                    values[place] = base64.b64encode(values[place]).decode("ascii")
            _put(file, values)
            count += 1
    return count


def _put(file: gzip.GzipFile, line: Any) -> None:
    file.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")


def read(file: BinaryIO) -> Iterator[tuple[list[str], list[Row]]]:
    """What `take` wrote, in pieces: column names and rows. An empty table gives no piece."""
    with gzip.open(file, "rb") as lines:
        head = json.loads(next(lines))
        names = [name for name, _ in head["columns"]]
        packed = [name for name, kind in head["columns"] if kind == "bytes"]
        piece: list[Row] = []
        for line in lines:
            row = dict(zip(names, json.loads(line), strict=True))
            for name in packed:
                if row[name] is not None:
                    row[name] = base64.b64decode(row[name])
            piece.append(row)
            if len(piece) == AT_ONCE:
                yield names, piece
                piece = []
        if piece:
            yield names, piece


def _sequences(connection: Connection, tables: list[Table]) -> dict[str, int]:
    """The highest id ever given, though its row be gone: ids are never used twice."""
    if connection.dialect.name == "postgresql":
        return _postgres_sequences(connection, tables)
    there = "SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_sequence'"
    if not connection.exec_driver_sql(there).scalar_one():
        return {}
    found = connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence")
    return {str(name): int(highest) for name, highest in found}


def _postgres_sequences(connection: Connection, tables: list[Table]) -> dict[str, int]:
    found = {}
    for table in tables:
        name = sequence_name(connection, table)
        if name is not None:
            last, called = connection.exec_driver_sql(f"SELECT last_value, is_called FROM {name}").one()  # noqa: S608 - the server's own word
            found[table.name] = int(last) if called else 0
    return found


def sequence_name(connection: Connection, table: Table) -> str | None:
    """PostgreSQL's sequence for the table's ids, quoted as it has to be."""
    keys = list(table.primary_key.columns)
    if len(keys) != 1 or keys[0].type.python_type is not int:
        return None
    quoted = connection.dialect.identifier_preparer.format_table(table)
    asked = text("SELECT pg_get_serial_sequence(:table, :column)")
    return cast("str | None", connection.scalar(asked, {"table": quoted, "column": keys[0].name}))


def fill(
    connection: Connection, files: Mapping[str, BinaryIO], moved: Callable[[str, Row], Row]
) -> Iterator[int]:
    """Insert the rows of the files, by table, each as `moved` gives it; yields how many, piece by piece."""
    tables = tables_of(connection)
    if unknown := files.keys() - {table.name for table in tables}:
        raise BackupError(f"there is no table {', '.join(sorted(unknown))} at that revision")
    for table in tables:
        if table.name in files:
            for _, rows in read(files[table.name]):
                connection.execute(table.insert(), [dict(moved(table.name, row)) for row in rows])
                yield len(rows)


def set_sequences(connection: Connection, given: Mapping[str, int]) -> None:
    """Let ids go on behind the highest ever given."""
    for table in tables_of(connection):
        highest = given.get(table.name, 0)
        if connection.dialect.name == "postgresql":
            _set_postgres(connection, table, highest)
        elif highest:
            row = {"name": table.name, "seq": highest}
            connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), row)
            connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)"), row)


def _set_postgres(connection: Connection, table: Table, highest: int) -> None:
    name = sequence_name(connection, table)
    if name is None:
        return
    (key,) = table.primary_key.columns
    highest = max(highest, connection.scalar(select(func.max(key))) or 0)
    if highest:
        connection.execute(text("SELECT setval(:name, :value)"), {"name": name, "value": highest})
