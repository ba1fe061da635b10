"""What tests of the whole share: a running stack, and ways to start one's own."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stack import ImageStore, Stack

StartStack = Callable[..., Stack]
StartImageStore = Callable[..., ImageStore]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One stack for all tests that leave it in order: names of their own, nothing killed."""
    running = Stack(tmp_path_factory.mktemp("stack"))
    yield running
    running.close()


@pytest.fixture
def start_stack(tmp_path: Path) -> Iterator[StartStack]:
    """Starts stacks of the test's own, to be killed and filled: see Stack for what it takes."""
    yield from _starter(Stack, tmp_path)


@pytest.fixture
def start_imagestore(tmp_path: Path) -> Iterator[StartImageStore]:
    """Starts image stores without a gateway: see ImageStore for what it takes."""
    yield from _starter(ImageStore, tmp_path)


def _starter(kind: Callable[..., Any], tmp_path: Path) -> Iterator[Callable[..., Any]]:
    started: list[Any] = []
    numbers = itertools.count()

    def start(folder: Path | None = None, **given: Any) -> Any:
        place = folder or tmp_path / f"started-{next(numbers)}"
        place.mkdir(exist_ok=True)
        started.append(kind(place, **given))
        return started[-1]

    yield start
    for one in started:
        one.close()
