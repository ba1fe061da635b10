"""Every container is restarted under load, one after the other; every worker is killed with a job at work."""

from functools import partial

import pytest

from bench.containers import docker, is_well
from tests.compose.load import Load
from tests.compose.patience import wait_until
from tests.compose.stack import ComposeStack
from tests.journeys.events import Program
from tests.processing import ENDED, noise

pytestmark = pytest.mark.compose
# Workers come before their scheduler. They end with it and the engine starts them again, at some time that
# nobody hears of; to a container that it is about to start it sends no signal.
RESTARTED = (
    "imagestore", "tagging", "processing", "sdcard", "gateway", "legacy",
    "postgres", "s3", "worker", "scheduler", "prometheus",
)  # fmt: skip
KILLED = 137  # what a container ends with that had to be killed


def test_a_restart_of_every_container_under_load_loses_nothing(stack: ComposeStack) -> None:
    with Load(stack, "restarts") as load:
        load.wait_for_more()
        for service in RESTARTED:
            wait_until(partial(_are_well, stack, service))
            stack.project.run("stop", service)
            ended = {one["State"]["ExitCode"] for one in stack.project.containers(service)}
            stack.project.run("start", service)
            assert KILLED not in ended, f"{service} did not end by itself"
            wait_until(lambda: bool(stack.project.ports("gateway", 8000)))
            stack.look()
            load.wait_for_more()
    stack.project.wait_until_healthy()
    load.check()


def _are_well(stack: ComposeStack, service: str) -> bool:
    return all(map(is_well, stack.project.containers(service)))


def test_a_job_ends_though_every_worker_is_killed(stack: ComposeStack) -> None:
    images = [("images", (f"{n}.png", noise(n, (640, 480)))) for n in range(24)]
    with stack.client() as client, Program(stack, "processing.job.*") as program:
        form = {"pipeline": '[{"operation": "denoise"}]'}
        job = client.post("/api/processing/v1/jobs", files=images, data=form).raise_for_status().json()["id"]
        path = f"/api/processing/v1/jobs/{job}"
        wait_until(lambda: client.get(path).json()["progress"]["done"] >= 2, stack.troubles)
        before = stack.project.containers("worker")
        for worker in before:
            # all that runs in it but its init, which then ends, and the engine starts it again
            docker("exec", "-d", worker["Id"], "sh", "-c", "kill -9 -1")
        wait_until(lambda: client.get(path).json()["state"] in ENDED, stack.troubles)
        ended = client.get(path).json()
        assert (ended["state"], ended["progress"]) == ("finished", {"total": 24, "done": 24, "failed": 0})
        while program.listen(1, lambda subject: subject == f"jobs/{job}")[0]["type"] != (
            "processing.job.finished"
        ):
            pass
    after = stack.project.containers("worker")
    assert sum(one["RestartCount"] for one in after) >= sum(one["RestartCount"] for one in before) + 2
    stack.project.wait_until_healthy()
