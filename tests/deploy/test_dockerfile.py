"""What the Dockerfile copies for a service is enough to load it: each service's own files, and shared."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOADS = {
    "gateway": "gateway.app, gateway.cli",
    "legacy": "gateway.legacy.app, gateway.legacy.cli",
    "tagging": "services.tagging.app",
    "imagestore": "services.imagestore.app",
    "processing": "services.processing.app, services.processing.worker, services.processing.cluster",
    "sdcard": "services.sdcard.app",
    "backup": "shared.backup.__main__, gateway.holdings, gateway.tables, services.tagging.holdings",
}
BUILT = "--from=page"  # by Node, in a stage of its own


def copied(service: str) -> list[tuple[list[str], str]]:
    """Sources and target of each COPY in the stage of a service's source."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    stage = re.search(
        rf"^FROM scratch AS source-{service}\n(.*?)(?=^FROM|^#)", dockerfile, re.MULTILINE | re.DOTALL
    )
    assert stage is not None
    lines = [line.split()[1:] for line in stage[1].splitlines() if line and BUILT not in line]
    return [(words[:-1], words[-1]) for words in lines]


def assemble(service: str, image: Path) -> None:
    """Put into a folder what the image would hold of ours."""
    shutil.copytree(ROOT / "shared", image / "app/shared")
    for sources, target in copied(service):
        place = image / target.lstrip("/")
        for source in (found for pattern in sources for found in sorted(ROOT.glob(pattern))):
            if source.is_dir():
                ignored = shutil.ignore_patterns("node_modules", "dist")
                shutil.copytree(source, place, ignore=ignored, dirs_exist_ok=True)
            else:
                place.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, place)


@pytest.mark.parametrize("service", LOADS)
def test_an_image_s_files_are_enough(service: str, tmp_path: Path) -> None:
    assemble(service, tmp_path)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path / "app")}
    done = subprocess.run(
        [sys.executable, "-c", f"import {LOADS[service]}"], cwd=tmp_path / "app", env=environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_nothing_in_it_needs_buildkit() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert not re.search(r"^# *syntax=|RUN --|COPY --(?!from=)|ADD --|<<", text, re.MULTILINE | re.IGNORECASE)
    assert re.findall(r"^ARG (\w+)=", text, re.MULTILINE) == ["PYTHON_IMAGE", "NODE_IMAGE", "SERVICE"]
