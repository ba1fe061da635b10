"""Engines: what every connection of ours has set, on SQLite and on PostgreSQL."""

import select
import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

READERS = 4
QUIET_SECONDS = 5.0
# A server that vanishes, with its machine or its network, is given up after 20 s; TCP's own time is hours.
WATCHED = {
    "connect_timeout": 4,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 20_000,  # ms
}
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
        return _postgresql_engine(parsed, pool_size)
    raise ValueError(f"no such kind of database: {parsed.get_backend_name()}; sqlite and postgresql are")


def _postgresql_engine(url: URL, pool_size: int) -> Engine:
    """Connections that may have been lost are tried before they are used: those that were quiet for a while,
    or have something to read, such as their end. To try each, as pool_pre_ping does, took a fifth of the time
    of a label. What the URL says of timeouts holds."""
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=0,
        pool_use_lifo=True,  # its statements are prepared already
        connect_args={name: value for name, value in WATCHED.items() if name not in url.query},
    )

    @event.listens_for(engine, "checkin")
    def note(_connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
        entry.info["used"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def look(connection: Any, entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
        used = entry.info.get("used")
        if used is None or (time.monotonic() - used < QUIET_SECONDS and not _has_news(connection)):
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise DisconnectionError from error

    return engine


def _has_news(connection: Any) -> bool:
    """Whether the server has sent something that nobody asked for. A closed one has no socket any more."""
    if connection.closed:
        return True
    readable = select.poll()
    readable.register(connection.fileno(), select.POLLIN)
    return bool(readable.poll(0))


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
