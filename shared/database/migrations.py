"""Alembic, run at start: a service brings its own database to its own newest revision."""

from pathlib import Path

from alembic import command, context
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData, text

from shared.database.engine import WRITES

LOCK = 0x6461726B  # one number for all replicas: "dark"


class DatabaseTooNew(ValueError):
    """Raised at start when the database was written by a newer Darkroom than this one."""


def migrate(engine: Engine, folder: Path) -> None:
    """Bring the database to the newest revision in `folder`; several replicas may do so at once.

    Raises DatabaseTooNew when the database stands at a revision that the folder does not have.
    """
    config = Config()
    config.set_main_option("script_location", str(folder))
    scripts = ScriptDirectory.from_config(config)
    with engine.connect() as connection:
        here = MigrationContext.configure(connection).get_current_revision()
    if here == scripts.get_current_head():
        return
    with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        _lock_replicas_out(connection)
        here = MigrationContext.configure(connection).get_current_revision()
        known = {script.revision for script in scripts.walk_revisions()}
        if here is not None and here not in known:
            raise DatabaseTooNew(
                f"the database is at revision {here}, which this version of Darkroom does not know: "
                "it was written by a newer one. Start that one, or restore a backup."
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _lock_replicas_out(connection: Connection) -> None:
    """On SQLite the transaction took the only write lock when it began."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})


def run_env(metadata: MetaData) -> None:
    """What a service's migrations/env.py does: run in the connection that `migrate` opened."""
    connection: Connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    context.run_migrations()
