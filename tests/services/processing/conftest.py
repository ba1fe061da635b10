"""Processing services in the tests' own process, and pictures of every kind."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.postgres import NewDatabase, new_database, postgres
from tests.services.processing.pictures import Picture, kinds
from tests.services.processing.service import MakeProcessing, Processing, start_at_once

__all__ = ["NewDatabase", "new_database", "postgres"]


@pytest.fixture(scope="session")
def every_kind() -> dict[str, Picture]:
    """Name -> the same photograph in that kind of pixels."""
    return kinds()


@pytest.fixture(scope="module")
def at_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processing]:
    """A service without jobs, with the defaults of every setting, for all tests of a module."""
    with start_at_once(tmp_path_factory.mktemp("processing")) as running:
        yield running


@pytest.fixture
def make_at_once(tmp_path: Path) -> Iterator[MakeProcessing]:
    """Starts services without jobs, with settings of their own, all on the same folder."""
    with ExitStack() as running:

        def make(**given: object) -> Processing:
            return running.enter_context(start_at_once(tmp_path, **given))

        yield make
