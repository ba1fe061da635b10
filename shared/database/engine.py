"""Engines: what every connection of ours has set, on SQLite and on PostgreSQL."""

import sqlite3
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

READERS = 4
WRITES = "darkroom_writes"  # execution option of connections that will write: the lock is taken at BEGIN


def make_engine(url: str, *, busy_timeout: float = 5.0, pool_size: int = READERS + 2) -> Engine:
    """An engine for the URL. SQLite: WAL, synchronous FULL, foreign keys, busy timeout in seconds.

    Transactions begin when we say so, not when the driver guesses: reads are snapshots, and
    writers take the lock at BEGIN, so that none fails half-way with "database is locked".
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite_engine(parsed, busy_timeout, pool_size)
    if parsed.get_backend_name() == "postgresql":
        return create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            pool_size=pool_size,
            max_overflow=0,
            pool_pre_ping=True,
            connect_args={"connect_timeout": 4},
        )
    raise ValueError(f"no such kind of database: {parsed.get_backend_name()}; sqlite and postgresql are")


def _sqlite_engine(url: URL, busy_timeout: float, pool_size: int) -> Engine:
    if url.database:
        Path(url.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_use_lifo=True,  # the connection used last has the pages of last time still in memory
        connect_args={"check_same_thread": False, "timeout": busy_timeout, "cached_statements": 256},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        assert isinstance(connection, sqlite3.Connection)
        connection.isolation_level = None  # the driver begins nothing by itself
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA wal_autocheckpoint = 4000")  # 16 MiB: pages change many times between two

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
