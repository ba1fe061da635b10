"""A PostgreSQL server that is still coming up, or that has no database of ours yet, at a service's start."""

import time

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, OperationalError

from shared.logging import get_logger

WAIT_SECONDS = 60.0  # for a server that starts together with us
PAUSE_SECONDS = 0.25
MAINTENANCE = "postgres"  # the database that every server has
log = get_logger("database")


class DatabaseAway(ValueError):
    """Raised at start when the server does not let us in, or has none of ours and lets us make none."""


def ensure_present(engine: Engine, wait_seconds: float = WAIT_SECONDS) -> None:
    """Wait for the server, and make the database of the URL where it is missing. SQLite needs neither.

    Several replicas may do so at once. Raises DatabaseAway.
    """
    if engine.dialect.name != "postgresql":
        return
    end = time.monotonic() + wait_seconds
    told = False
    while (reason := _reason_of_absence(engine)) is not None:
        if time.monotonic() > end:
            raise DatabaseAway(f"the database does not let us in: {reason}")
        if not told:
            log.warning("waiting for the database", reason=reason)
            told = True
        time.sleep(PAUSE_SECONDS)


def _reason_of_absence(engine: Engine) -> str | None:
    try:
        with engine.connect():
            return None
    except OperationalError as error:
        _create(engine.url)
        return _first_line(error)


def _create(url: URL) -> None:
    """Make the database, if the server is there and has none of the name."""
    server = create_engine(
        url.set(drivername="postgresql+psycopg", database=MAINTENANCE),
        isolation_level="AUTOCOMMIT",  # a database is not made within a transaction
        connect_args={"connect_timeout": 4},
    )
    try:
        with server.connect() as connection:
            known = connection.execute(
                text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": url.database}
            ).scalar()
            if known is None:
                quoted = server.dialect.identifier_preparer.quote_identifier(str(url.database))
                connection.exec_driver_sql(f"CREATE DATABASE {quoted}")
    except OperationalError:
        pass  # the server is not there yet: the reason is told by who asked
    except DBAPIError as error:
        if not _is_double(error):
            raise DatabaseAway(
                f"there is no database {url.database}, and it cannot be made: {_first_line(error)}"
            ) from None
    finally:
        server.dispose()


def _is_double(error: DBAPIError) -> bool:
    """Whether another replica was quicker: duplicate_database, or the same seen by the catalogue's index."""
    return getattr(error.orig, "sqlstate", "") in {"42P04", "23505"}


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().partition("\n")[0]
