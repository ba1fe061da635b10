"""Processing services in the tests' own process, and pictures of every kind."""

import pytest

from tests.services.processing.pictures import kinds


@pytest.fixture(scope="session")
def every_kind():
    """Name -> the same photograph in that kind of pixels."""
    return kinds()
