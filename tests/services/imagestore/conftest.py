"""Image stores in the tests' own process, on real files and a real database."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.postgres import NewDatabase, new_database, postgres
from tests.services.imagestore.store import MakeStore, Store, start_store

__all__ = ["NewDatabase", "new_database", "postgres"]


@pytest.fixture
def make_store(tmp_path: Path) -> Iterator[MakeStore]:
    """Starts image stores with settings of their own, all on the same folder unless told otherwise."""
    with ExitStack() as running:

        def make(**given: Any) -> Store:
            return running.enter_context(start_store(tmp_path, **given))

        yield make


@pytest.fixture
def store(make_store: MakeStore) -> Store:
    """A fresh image store with the defaults of every setting."""
    return make_store()
