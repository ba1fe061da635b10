"""Alembic's entry: the connection and its transaction are the caller's."""

from services.processing.tables import metadata
from shared.database.migrations import run_env

run_env(metadata)
