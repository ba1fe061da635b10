"""Servers and databases for the tests of shared/."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from tests.gateway.serving import Serving
from tests.postgres import NewDatabase, new_database, postgres
from tests.shared.s3 import s3
from tests.shared.sample_app import Serve

__all__ = ["NewDatabase", "new_database", "postgres", "s3"]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Puts apps behind real servers on free ports."""
    running: list[Serving] = []

    def start(app: FastAPI) -> Serving:
        running.append(Serving(app))
        return running[-1]

    yield start
    for serving in running:
        serving.stop()
