"""The services, and the old clients' door before them: processes that all tests here share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.legacy_clients.door import Door
from tests.legacy_clients.imagestore import ImageClient
from tests.legacy_clients.processing import ProcessingClient
from tests.legacy_clients.service import Service
from tests.legacy_clients.tagging import TaggingClient

StartDoor = Callable[..., Door]


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all shared processes."""
    return tmp_path_factory.mktemp("legacy")


@pytest.fixture(scope="session")
def tagging(place: Path) -> Iterator[Service]:
    """A tagging service; its root is `place`."""
    with Service("tagging", place, DARKROOM_TAGGING_ROOTS=str(place)) as service:
        yield service


@pytest.fixture(scope="session")
def imagestore(place: Path) -> Iterator[Service]:
    """An image store."""
    with Service("imagestore", place) as service:
        yield service


@pytest.fixture(scope="session")
def processing(place: Path) -> Iterator[Service]:
    """A processing service with one worker."""
    with Service("processing", place, DARKROOM_PROCESSING_WORKERS="1") as service:
        yield service


@pytest.fixture(scope="session")
def door(place: Path, tagging: Service, imagestore: Service, processing: Service) -> Iterator[Door]:
    """A door to all three, as it comes."""
    running = Door(
        place, {"tagging": tagging.url, "imagestore": imagestore.url, "processing": processing.url}
    )
    yield running
    running.close()


@pytest.fixture
def start_door(tmp_path: Path) -> Iterator[StartDoor]:
    """Starts doors of the test's own."""
    started: list[Door] = []

    def start(urls: dict[str, str] | None = None, **given: str) -> Door:
        started.append(Door(tmp_path, urls or {}, **given))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture
def images(door: Door) -> ImageClient:
    """An old image client."""
    return ImageClient(door.address("imagestore"))


@pytest.fixture
def annotator(door: Door) -> Iterator[TaggingClient]:
    """An old tagging client."""
    with TaggingClient(door.address("tagging")) as client:
        yield client


@pytest.fixture
def app(door: Door) -> Iterator[ProcessingClient]:
    """An old processing app."""
    client = ProcessingClient(door.address("processing"))
    yield client
    client.close(politely=False)
