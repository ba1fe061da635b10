"""Migrations at start: again and again, several at once, and never backwards."""

import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from shared.database import make_engine, migrate
from shared.database.migrations import DatabaseTooNew
from shared.database.presence import DatabaseAway, ensure_present
from tests.postgres import NewDatabase

ROOT = Path(__file__).parents[2]
FOLDERS = [ROOT / "services/imagestore/migrations", ROOT / "gateway/migrations"]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'rows.db'}"
    made: NewDatabase = request.getfixturevalue("new_database")
    return made()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_a_start_after_the_first_changes_nothing(url: str, folder: Path) -> None:
    engine = make_engine(url)
    migrate(engine, folder)
    tables = sorted(inspect(engine).get_table_names())
    assert len(tables) > 1
    with engine.connect() as connection:
        revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    migrate(engine, folder)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == revision
    assert sorted(inspect(engine).get_table_names()) == tables
    engine.dispose()


START = """
import sys
from pathlib import Path
from shared.database import make_engine, migrate
print("ready", flush=True)
sys.stdin.readline()
migrate(make_engine(sys.argv[1], busy_timeout=30), Path(sys.argv[2]))
"""


def start_three(url: str) -> list[int]:
    """Three replicas at once, in processes, not threads: Alembic's context is one a process. Their codes."""
    command = [sys.executable, "-c", START, url, str(FOLDERS[0])]
    replicas = [
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
        )
        for _ in range(3)
    ]
    for replica in replicas:
        assert replica.stdout is not None
        assert replica.stdout.readline() == b"ready\n"
    with ThreadPoolExecutor(3) as pool:
        said = list(pool.map(lambda replica: replica.communicate(b"go\n", 60), replicas))
    assert not any(error for _, error in said), said
    return [replica.returncode for replica in replicas]


def test_replicas_that_start_at_once_all_come_up(url: str) -> None:
    assert start_three(url) == [0, 0, 0]
    engine = make_engine(url)
    assert "images" in inspect(engine).get_table_names()
    engine.dispose()


def test_a_database_of_a_newer_darkroom_is_refused_and_left_alone(url: str) -> None:
    engine = make_engine(url)
    migrate(engine, FOLDERS[0])
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'r9999'"))
    with pytest.raises(DatabaseTooNew, match="r9999"):
        migrate(engine, FOLDERS[0])
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "r9999"
    engine.dispose()


def test_a_server_without_our_database_gets_one(new_database: NewDatabase) -> None:
    url = f'{new_database()}-of "ours"'
    assert start_three(url) == [0, 0, 0]
    engine = make_engine(url)
    assert "images" in inspect(engine).get_table_names()
    engine.dispose()


def test_a_server_that_is_away_is_waited_for_and_named_in_the_end() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        engine = make_engine(f"postgresql://tests@127.0.0.1:{taken.getsockname()[1]}/rows")
        with pytest.raises(DatabaseAway, match=r"does not let us in: .*refused"):
            ensure_present(engine, wait_seconds=0.3)
    engine.dispose()
