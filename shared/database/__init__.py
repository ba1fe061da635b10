"""Rows: one engine, SQLite or PostgreSQL by URL, reads side by side and writes in groups."""

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from shared.database import refusals  # noqa: F401 - it tells what errors of a database stand for
from shared.database.access import Database
from shared.database.engine import make_engine
from shared.database.migrations import migrate
from shared.database.together import whole

__all__ = [
    "Connection",
    "DBAPIError",
    "Database",
    "IntegrityError",
    "SQLAlchemyError",
    "make_engine",
    "migrate",
    "whole",
]
