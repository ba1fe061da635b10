"""A backup of the running containers, and a restore of it into others with other engines."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from bench.containers import EngineError, Project
from demo.ports import free_ports
from tests.compose.patience import wait_until
from tests.compose.stack import LEGACY, ComposeStack
from tests.services.imagestore.store import picture
from tests.services.tagging.service import table

pytestmark = pytest.mark.compose
NAME = "backed-up.png"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where backups go: the containers, which run as a user of their own, write there."""
    made = Path(tempfile.mkdtemp(dir=tmp_path))
    made.chmod(0o777)
    return made


@pytest.fixture
def empty(folder: Path) -> Iterator[Project]:
    """Containers with volumes of their own, on the engines that nobody has to ask for; nothing runs yet."""
    gateway, *legacy = free_ports(1 + len(LEGACY))
    ports = {f"DARKROOM_{name.upper()}_PORT": str(at) for name, at in zip(LEGACY, legacy, strict=True)}
    given = {"DARKROOM_GATEWAY_PORT": str(gateway), "DARKROOM_BACKUPS": str(folder)}
    project = Project(f"darkroom-restored-{os.getpid()}", {**ports, **given})
    yield project
    project.down()


def test_postgresql_and_s3_are_backed_up_while_they_run_and_restored_to_sqlite_and_files(
    stack: ComposeStack, folder: Path, empty: Project
) -> None:
    content = picture(77)
    with stack.client() as client:
        client.put(f"/api/imagestore/v1/images/{NAME}", content=content).raise_for_status()
        form = {"data": ("trip.csv", table(30))}
        made = client.post("/api/tagging/v1/datasets", files=form).raise_for_status().json()["id"]
        dataset = f"/api/tagging/v1/datasets/{made}"
        wait_until(lambda: client.get(dataset).json()["state"] == "ready", stack.troubles)
        client.patch(f"{dataset}/rows/7/tags", json={"set": {"101": True}}).raise_for_status()
        labelled = client.get(f"{dataset}/rows/7").raise_for_status().json()
    _backup(stack.project, folder, "create")
    _backup(stack.project, folder, "verify")
    with stack.client() as client:  # what came later is not in it
        client.delete(f"/api/imagestore/v1/images/{NAME}").raise_for_status()

    _backup(empty, folder, "restore")
    empty.run("up", "-d", "--no-build")
    empty.wait_until_healthy()
    key = empty.execute("gateway", "cat", "/data/gateway/admin.key").strip()
    assert key == stack.key
    address = f"http://127.0.0.1:{empty.ports('gateway', 8000)[0]}"
    headers = {"Authorization": f"Bearer {key}"}
    with httpx2.Client(base_url=address, headers=headers, timeout=60, trust_env=False) as client:
        assert client.get(f"/api/imagestore/v1/images/{NAME}/content").content == content
        assert client.get(f"{dataset}/rows/7").json() == labelled
        saved = client.post(f"{dataset}/save").raise_for_status().json()
        assert saved["revision"] == 1
    with pytest.raises(EngineError, match="not empty"):
        _backup(empty, folder, "restore")


def _backup(project: Project, folder: Path, command: str) -> None:
    words = ("run", "--rm", "-T", "backup", command, "/backups/monday")
    project.run(*words, COMPOSE_PROFILES="backup", DARKROOM_BACKUPS=str(folder))
