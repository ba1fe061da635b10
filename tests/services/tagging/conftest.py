"""Tagging services in the tests' own process, on real files and both kinds of database."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.postgres import NewDatabase, new_database, postgres
from tests.services.tagging.service import MakeTagging, Tagging, start_tagging, table

__all__ = ["NewDatabase", "new_database", "postgres"]


@pytest.fixture
def make_tagging(tmp_path: Path) -> Iterator[MakeTagging]:
    """Starts tagging services with settings of their own, all on the same folder unless told otherwise."""
    with ExitStack() as running:

        def make(folder: Path | None = None, **given: Any) -> Tagging:
            return running.enter_context(start_tagging(folder or tmp_path, **given))

        yield make


@pytest.fixture
def tagging(make_tagging: MakeTagging) -> Tagging:
    """A fresh tagging service with the defaults of every setting, on SQLite."""
    return make_tagging()


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Tagging, int]]:
    """A service and a dataset of ten rows, for tests that change nothing."""
    with start_tagging(tmp_path_factory.mktemp("steady")) as service:
        yield service, service.made(service.upload(table(10)))


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, make_tagging: MakeTagging) -> Tagging:
    """A fresh tagging service on each kind of database."""
    if request.param == "sqlite":
        return make_tagging()
    new: NewDatabase = request.getfixturevalue("new_database")
    return make_tagging(database_url=new())
