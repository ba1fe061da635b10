"""The one compose project that these tests share, and which never outlives them."""

from collections.abc import Iterator

import pytest

from bench.containers import reason_why_not
from tests.compose.stack import ComposeStack


@pytest.fixture(scope="session")
def stack() -> Iterator[ComposeStack]:
    """Everything in containers: built, up and healthy."""
    if reason := reason_why_not():
        pytest.exit(reason, returncode=1)
    made = ComposeStack()
    try:
        made.start()
        yield made
    finally:
        made.project.down()
