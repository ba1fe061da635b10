"""The schema of a database that is being filled, and the mark that it bears until all is there."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    delete,
    insert,
    inspect,
)

from shared.backup.errors import BackupError
from shared.backup.system import Part
from shared.database.migrations import RESTORING, VERSION_TABLE, revision_of

# As Alembic makes it.
_version = Table(
    VERSION_TABLE,
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name=f"{VERSION_TABLE}_pkc"),
)


def need_empty(connection: Connection, part: Part, backup_id: str) -> bool:
    """False for an empty database, True for what an earlier restore of the same backup has begun.

    Raises BackupError for everything else.
    """
    if revision_of(connection) == f"{RESTORING}{backup_id}":
        return True
    if inspect(connection).get_table_names():
        raise BackupError(
            f"the database of {part.name} is not empty: a backup is restored into an empty system only"
        )
    return False


def mark(connection: Connection, backup_id: str) -> None:
    """From the commit on no service starts on the database."""
    _version.create(connection, checkfirst=True)
    _set(connection, f"{RESTORING}{backup_id}")


def unmark(connection: Connection, revision: str) -> None:
    """The database is whole."""
    _set(connection, revision)


def make(connection: Connection, part: Part, revision: str) -> None:
    """The empty tables as they were at the revision, in place of what is there; the mark stays."""
    mark = revision_of(connection)
    found = MetaData()
    found.reflect(connection)
    found.drop_all(connection)
    config = _config(part.migrations)
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
    if mark is not None:
        _set(connection, mark)


def need_known(part: Part, revision: str) -> None:
    """Raises BackupError for a revision that this Darkroom's code does not have."""
    scripts = ScriptDirectory.from_config(_config(part.migrations))
    if revision not in {script.revision for script in scripts.walk_revisions()}:
        raise BackupError(
            f"the backup of {part.name} is at revision {revision}, which this version of Darkroom does not "
            "know: a newer one wrote it"
        )


def _config(folder: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder))
    return config


def _set(connection: Connection, value: str) -> None:
    connection.execute(delete(_version))
    connection.execute(insert(_version).values(version_num=value))
