"""Prometheus: it takes our rules, reaches every part, and would tell of a fault."""

from collections.abc import Iterator

import httpx2
import pytest

from bench.containers import ROOT, docker
from tests.compose.patience import wait_until
from tests.compose.stack import ComposeStack

pytestmark = pytest.mark.compose
JOBS = {"gateway", "tagging", "imagestore", "processing", "sdcard", "legacy"}


@pytest.fixture(scope="module")
def prometheus(stack: ComposeStack) -> Iterator[httpx2.Client]:
    """A client of its API."""
    (port,) = stack.project.ports("prometheus", 9090)
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}/api/v1", trust_env=False, timeout=30) as client:
        yield client


def test_every_part_is_watched_and_answers(stack: ComposeStack, prometheus: httpx2.Client) -> None:
    def health() -> dict[str, str]:
        targets = prometheus.get("/targets").json()["data"]["activeTargets"]
        return {target["labels"]["job"]: target["health"] for target in targets}

    wait_until(lambda: health() == dict.fromkeys(JOBS, "up"), lambda: f"{health()}")


def test_the_rules_are_read_and_find_nothing_amiss(stack: ComposeStack, prometheus: httpx2.Client) -> None:
    groups = prometheus.get("/rules").json()["data"]["groups"]
    rules = {rule["name"]: rule for group in groups for rule in group["rules"]}
    assert {"DarkroomPartDown", "DarkroomSlow", "DarkroomDiskFull", "DarkroomJobsWaiting"} <= rules.keys()
    assert {rule.get("lastError", "") for rule in rules.values()} == {""}


def test_the_rules_tell_of_faults_and_not_of_an_ordinary_day() -> None:
    said = docker(
        "run", "--rm", "--entrypoint", "promtool", "-v", f"{ROOT}/deploy/prometheus:/etc/prometheus:ro",
        "-v", f"{ROOT}/tests/compose/alerts.yml:/tests.yml:ro", "prom/prometheus:latest",
        "test", "rules", "/tests.yml",
    )  # fmt: skip
    assert "SUCCESS" in said
