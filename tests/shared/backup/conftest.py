"""Systems small enough to be made for every test, and the servers that a large one moves to."""

from pathlib import Path

import pytest

from tests.postgres import NewDatabase, new_database, postgres
from tests.shared.backup.small_system import SmallSystem
from tests.shared.s3 import s3

__all__ = ["NewDatabase", "new_database", "postgres", "s3"]


@pytest.fixture
def system(tmp_path: Path) -> SmallSystem:
    """A gateway and an image store that were started once, with three images."""
    made = SmallSystem(tmp_path / "data")
    made.start_once()
    for number in range(3):
        made.add_image(f"picture-{number}.jpg", f"bytes of {number}".encode())
    return made
