"""The migrations make what the code describes, on both engines."""

from pathlib import Path

from sqlalchemy import create_engine

from services.sdcard.tables import metadata
from services.sdcard.wiring import MIGRATIONS
from shared.database import make_engine, migrate
from tests.postgres import NewDatabase
from tests.services.imagestore.test_postgresql import shape


def test_migrations_make_what_the_code_describes(new_database: NewDatabase, tmp_path: Path) -> None:
    for url in (new_database(), f"sqlite:///{tmp_path / 'a.db'}"):
        migrated = make_engine(url)
        migrate(migrated, MIGRATIONS)
        made = create_engine("sqlite://") if url.startswith("sqlite") else make_engine(new_database())
        metadata.create_all(made)
        assert shape(migrated) == shape(made)
        migrated.dispose()
        made.dispose()
