"""Replicas on a PostgreSQL of the tests' own."""

from collections.abc import Iterator

import pytest

from tests.deployment.replicas import Replicas
from tests.postgres import Postgres, postgres

__all__ = ["postgres"]


@pytest.fixture(scope="module")
def replicas(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> Iterator[Replicas]:
    """Two of each for all tests of a module; the last of them may kill some."""
    running = Replicas(tmp_path_factory.mktemp("replicas"), postgres.new_database)
    yield running
    running.close()
