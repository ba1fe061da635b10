"""What a database's errors stand for: the refusals that they become."""

from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.errors import TRANSLATIONS, DarkroomError, InsufficientStorage, Unavailable, Unprocessable

FULL_DISK = ("disk is full", "No space left", "could not extend file")  # SQLite, the kernel, PostgreSQL


def _database_error(error: DBAPIError) -> DarkroomError | None:
    said = str(error.orig)
    # SQLite calls it an I/O error when its shared memory, a file beside the database, finds no room
    no_shared_memory = getattr(error.orig, "sqlite_errorname", "") == "SQLITE_IOERR_SHMSIZE"
    if no_shared_memory or any(words in said for words in FULL_DISK):
        return InsufficientStorage("the disk is full; nothing was changed")
    if isinstance(error, DataError):
        return Unprocessable("a value is not one that the database can hold", code="value_not_storable")
    state = getattr(error.orig, "sqlstate", None) or ""
    away = error.connection_invalidated or state.startswith(("08", "57P")) or "unable to open" in said
    if away or (not state and "connection" in said.lower()) or "locked" in said:
        return Unavailable(
            "the database does not answer", code="database_unavailable", headers={"Retry-After": "1"}
        )
    return None


def _pool_timeout(_error: PoolTimeout) -> DarkroomError:
    return Unavailable("the database is busy", code="database_busy", headers={"Retry-After": "1"})


TRANSLATIONS.update({PoolTimeout: _pool_timeout, DBAPIError: _database_error})
