"""SD-card browsers in the tests' own process, and cameras that are OpenSSH's server over a real folder."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.postgres import NewDatabase, new_database, postgres
from tests.services.sdcard.browser import Browser, CardCamera, MakeBrowser, start_browser
from tests.services.sdcard.openssh import MISSING

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


@pytest.fixture
def openssh(tmp_path: Path) -> Iterator[CardCamera]:
    """A camera with an empty card."""
    if MISSING:
        pytest.skip(MISSING)
    camera = CardCamera(tmp_path)
    yield camera
    camera.close()
