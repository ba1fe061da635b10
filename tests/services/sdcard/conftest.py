"""SD-card browsers in the tests' own process, and cameras that are OpenSSH's server over a real folder."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from demo.card import CONFIG, CardPlan, make_card
from demo.clips import ClipPlan
from demo.simulated import SimulatedCamera
from tests.postgres import NewDatabase, new_database, postgres
from tests.services.sdcard.browser import Browser, CardCamera, MakeBrowser, Reachable, start_browser
from tests.services.sdcard.openssh import MISSING

YESTERDAY = time.time() - 86_400
__all__ = ["NewDatabase", "new_database", "postgres"]


@pytest.fixture
def make_browser(tmp_path: Path) -> Iterator[MakeBrowser]:
    """Starts browsers with settings of their own, all on the same folder unless told otherwise."""
    with ExitStack() as running:

        def make(**given: Any) -> Browser:
            return running.enter_context(start_browser(tmp_path / "data", **given))

        yield make


@pytest.fixture
def browser(make_browser: MakeBrowser) -> Browser:
    """A fresh one."""
    return make_browser()


@pytest.fixture(scope="session")
def sample_card(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A card of two dates, three hours each, twelve clips an hour, odd ones too; not to be changed."""
    folder = tmp_path_factory.mktemp("sample") / "card"
    make_card(folder, CardPlan(clips_per_hour=12, clip=ClipPlan(seconds=1.0)))
    for place in [*folder.glob("*/*"), *folder.glob("*")]:
        os.utime(place, (YESTERDAY, YESTERDAY))
    return folder


@pytest.fixture(scope="session")
def sample_cameras(
    tmp_path_factory: pytest.TempPathFactory, sample_card: Path
) -> Iterator[Callable[[str], Reachable]]:
    """The cameras by name, each made when first asked for: the sample card behind both servers."""
    made: dict[str, Any] = {}

    def find(name: str) -> Any:
        if name not in made:
            if name == "openssh":
                made[name] = CardCamera(tmp_path_factory.mktemp("openssh"), sample_card)
                made[name].config.write_text(CONFIG)
            else:
                made[name] = SimulatedCamera(sample_card)
        return made[name]

    yield find
    for camera in made.values():
        camera.close()


@pytest.fixture(params=["openssh", "simulated"])
def camera(request: pytest.FixtureRequest, sample_cameras: Callable[[str], Reachable]) -> Reachable:
    """A camera with the sample card, behind OpenSSH and behind the simulated camera."""
    if request.param == "openssh" and MISSING:
        pytest.skip(MISSING)
    return sample_cameras(request.param)


@pytest.fixture
def openssh(tmp_path: Path) -> Iterator[CardCamera]:
    """A camera with an empty card."""
    if MISSING:
        pytest.skip(MISSING)
    camera = CardCamera(tmp_path)
    yield camera
    camera.close()
