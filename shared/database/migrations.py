"""Alembic, run at start: a service brings its own database to its own newest revision."""

import re
from pathlib import Path

from sqlalchemy import Connection, Engine, MetaData, inspect, text

from shared.database.engine import WRITES
from shared.database.presence import ensure_present
from shared.late import not_importable

LOCK = 0x6461726B  # one number for all replicas: "dark"


VERSION_TABLE = "alembic_version"
RESTORING = "restoring:"  # stands there in place of a revision while a backup is restored, with its id


class DatabaseTooNew(ValueError):
    """Raised at start when the database was written by a newer Darkroom than this one."""


class RestoreUnfinished(DatabaseTooNew):
    """Raised at start when a restore into the database is under way, or was cut off."""


def migrate(engine: Engine, folder: Path) -> None:
    """Bring the database to the newest revision in `folder`; several replicas may do so at once.

    Raises DatabaseTooNew when the database stands at a revision that the folder does not have, and
    DatabaseAway when there is none, also after a while.
    """
    ensure_present(engine)
    with engine.connect() as connection:
        if revision_of(connection) == _newest(folder):
            return
    _upgrade(engine, folder)


def _upgrade(engine: Engine, folder: Path) -> None:
    with not_importable("pygments"):  # Mako, which Alembic brings, would colour its tracebacks with it
        from alembic import command  # 8 MiB that a start without anything to do does not need
        from alembic.config import Config
        from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(folder))
    scripts = ScriptDirectory.from_config(config)
    with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        _lock_replicas_out(connection)
        here = revision_of(connection)
        if here is not None and here.startswith(RESTORING):
            raise RestoreUnfinished("a restore into this database has not come to its end: run it again")
        known = {script.revision for script in scripts.walk_revisions()}
        if here is not None and here not in known:
            raise DatabaseTooNew(
                f"the database is at revision {here}, which this version of Darkroom does not know: "
                "it was written by a newer one. Start that one, or restore a backup."
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def revision_of(connection: Connection) -> str | None:
    """The database's revision, as Alembic keeps it; None for one that was never migrated."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _newest(folder: Path) -> str | None:
    """The revision of the folder's last file: they are named by their order."""
    files = sorted((folder / "versions").glob("r*.py"))
    found = re.search(r'^revision = "(\w+)"', files[-1].read_text(), re.MULTILINE) if files else None
    return found and found[1]


def _lock_replicas_out(connection: Connection) -> None:
    """On SQLite the transaction took the only write lock when it began."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})


def run_env(metadata: MetaData) -> None:
    """What a service's migrations/env.py does: run in the connection that `migrate` opened."""
    from alembic import context

    connection: Connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    context.run_migrations()
