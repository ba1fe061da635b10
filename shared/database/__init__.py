"""Rows: one engine, SQLite or PostgreSQL by URL, reads side by side and writes in groups."""

from sqlalchemy import Connection

from shared.database.access import Database
from shared.database.engine import make_engine
from shared.database.migrations import migrate

__all__ = ["Connection", "Database", "make_engine", "migrate"]
