"""Processing services in the tests' own process, and pictures of every kind."""

import pytest

from tests.services.processing.pictures import Picture, kinds


@pytest.fixture(scope="session")
def every_kind() -> dict[str, Picture]:
    """Name -> the same photograph in that kind of pixels."""
    return kinds()
