"""What a database tells an operator: how large it is, how busy its connections are, what waits."""

from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.pool import QueuePool

from shared.database.access import Database
from shared.figures import Figure


async def database_figures(database: Database) -> list[Figure]:
    """Its size in bytes with its log, its connections, and the writes in line."""
    size = await database.read(_size)
    pool = database.engine.pool
    assert isinstance(pool, QueuePool)
    return [
        Figure("darkroom_database_bytes", "The database with its log", size),
        Figure("darkroom_database_connections", "Connections in use", pool.checkedout()),
        Figure("darkroom_database_connections_limit", "Connections there may be", pool.size()),
        Figure("darkroom_database_writes_waiting", "Writes in line", database.writes_waiting),
        Figure("darkroom_database_writes_limit", "Writes in line before 503", database.most_waiting),
    ]


def _size(connection: Connection) -> int:
    if connection.dialect.name == "postgresql":
        return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
    file = connection.engine.url.database
    if not file:
        return 0
    return sum(path.stat().st_size for path in (Path(file), Path(f"{file}-wal")) if path.exists())
