"""A PostgreSQL server of the tests' own: Debian's binaries, a temporary cluster, one database a test."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from demo.ports import free_port
from tests.gateway.serving import wait_until

# A test's own database has no power cut to outlive.
QUICK = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off")
NewDatabase = Callable[[], str]


def binaries() -> Path | None:
    """The folder of the newest PostgreSQL that Debian installed, or that of the one on the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    if found:
        return found[-1].parent
    return Path(on_path).parent if on_path else None


class Postgres:
    """The server; it runs as the user `postgres` when the tests run as root, which it refuses to be."""

    def __init__(self, bin_folder: Path, options: tuple[str, ...] = QUICK) -> None:
        """`options` of the server; without any it is as durable as PostgreSQL is by default."""
        self._bin = bin_folder
        self._user = "postgres" if os.geteuid() == 0 else None
        self._folder = Path(tempfile.mkdtemp(prefix="darkroom-postgres-"))
        if self._user:
            shutil.chown(self._folder, self._user)
        cluster = self._folder / "cluster"
        self._call("initdb", "-D", str(cluster), "-U", "tests", "-A", "trust", "-E", "UTF8", "--no-sync")
        self.port = free_port()
        listen = ("-p", str(self.port), "-h", "127.0.0.1", "-k", str(self._folder))
        self._command = [str(self._bin / "postgres"), "-D", str(cluster), *listen, *options]
        self.start()

    def start(self) -> None:
        """Run the server until it takes connections."""
        log = (self._folder / "log").open("ab")
        self._process = subprocess.Popen(
            self._command, stdout=log, stderr=log, cwd=self._folder, user=self._user
        )
        log.close()
        wait_until(self._answers)

    def stop(self) -> None:
        """End the server at once, as a restart does: connections are cut."""
        self._process.send_signal(2)
        self._process.wait(20)

    def remove(self) -> None:
        """End it for good."""
        self.stop()
        shutil.rmtree(self._folder)

    def new_database(self) -> str:
        """The URL of an empty database."""
        name = f"test_{uuid4().hex}"
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return self._address(name)

    def _address(self, name: str) -> str:
        return f"postgresql://tests@127.0.0.1:{self.port}/{name}"

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._address("postgres")).close()
        except psycopg.OperationalError:
            return False
        return True

    def _call(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._bin / program), *arguments],
            check=True,
            capture_output=True,
            cwd=self._folder,
            user=self._user,
        )


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server for all tests of a folder; where no PostgreSQL is installed its tests are skipped."""
    found = binaries()
    if found is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    server = Postgres(found)
    yield server
    server.remove()


@pytest.fixture
def new_database(postgres: Postgres) -> NewDatabase:
    """Makes empty databases; returns their URLs."""
    return postgres.new_database
