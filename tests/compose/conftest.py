"""The one compose project that these tests share, and which never outlives them."""

from collections.abc import Iterator

import pytest

from bench.containers import reason_why_not
from tests.compose.stack import ComposeStack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposeStack]:
    """Everything in containers: built, up and healthy."""
    if reason := reason_why_not():
        pytest.exit(reason, returncode=1)
    made = ComposeStack(tmp_path_factory.mktemp("pictures"))
    try:
        made.start()
        yield made
    finally:
        made.project.down()
