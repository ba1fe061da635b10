"""One processing service by itself, in a process of its own; its workers can be found and killed."""

import io
import json
import os
import signal
from pathlib import Path
from typing import Any, Self

import httpx2
import numpy as np
from PIL import Image

from demo.ports import free_port
from tests.process_tree import children, command_line, descendants
from tests.scripts.stack_process import wait_until
from tests.stack import TIMEOUT, Launched, answers, bare_environment

ENDED = {"finished", "failed", "cancelled"}
DENOISE = [{"operation": "denoise"}]
EDGES = [{"operation": "edge_detection"}]


def noise(seed: int = 0, size: tuple[int, int] = (64, 48)) -> bytes:
    """A PNG of random pixels; another seed gives another one."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def large(side: int = 7000) -> bytes:
    """A PNG that is small as a file, and takes three bytes a pixel once it is decoded."""
    out = io.BytesIO()
    Image.new("RGB", (side, side), "white").save(out, "PNG")
    return out.getvalue()


class Processing(Launched):
    """Ready when it is made; with one worker unless told otherwise. `command` starts it otherwise."""

    def __init__(
        self, folder: Path, *, data: Path | None = None, command: list[str] | None = None, **given: str
    ) -> None:
        self.data_dir = data or folder / "data"
        self.given = given
        self.service_token = "a-token-for-tests"
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        settings = {
            "DARKROOM_DATA_DIR": str(self.data_dir),
            "DARKROOM_PROCESSING_PORT": str(port),
            "DARKROOM_SERVICE_TOKEN": self.service_token,
            "DARKROOM_PROCESSING_WORKERS": "1",
            "DARKROOM_ACCESS_LOG": "false",
        }
        start = command or ["-m", "shared.web.serve", "processing"]
        super().__init__(start, bare_environment(**settings | given), folder / "processing.out")
        wait_until(lambda: answers(f"{self.url}/readyz") or self.process.poll() is not None, self.said)
        assert self.process.poll() is None, self.said()
        headers = {"X-Darkroom-Service-Token": self.service_token, "X-Darkroom-Actor": "ada"}
        self.http = httpx2.Client(base_url=self.url, headers=headers, timeout=TIMEOUT, trust_env=False)

    def submit(self, images: list[tuple[str, bytes]], pipeline: Any, **more: Any) -> int:
        """A job's id; `more` are further fields, and `key` the Idempotency-Key."""
        headers = {"Idempotency-Key": key} if (key := more.pop("key", "")) else {}
        fields = {"pipeline": json.dumps(pipeline), **{name: str(value) for name, value in more.items()}}
        form = [("images", image) for image in images]
        answer = self.http.post("/v1/jobs", files=form, data=fields, headers=headers)
        assert answer.status_code == 202, answer.text
        return int(answer.json()["id"])

    def job(self, job_id: int, **query: Any) -> dict[str, Any]:
        """The job with its first items."""
        found: dict[str, Any] = self.http.get(f"/v1/jobs/{job_id}", params=query).raise_for_status().json()
        return found

    def wait_for(self, job_id: int, done: int) -> None:
        """Wait until so many items are through."""
        wait_until(lambda: self.job(job_id, limit=1)["progress"]["done"] >= done, self.said)

    def ended(self, job_id: int) -> dict[str, Any]:
        """The job once it has ended, with all items."""
        wait_until(lambda: self.job(job_id, limit=1, wait=5)["state"] in ENDED, self.said)
        return self.job(job_id, limit=1000)

    def events(self) -> list[dict[str, Any]]:
        """What has happened, as CloudEvents."""
        text = self.http.get("/v1/events", params={"after": 0, "follow": "false"}).text
        blocks = text.split("\n\n")[1:]
        return [json.loads(block.split("data: ", 1)[1]) for block in blocks if block]

    def workers(self) -> list[int]:
        """The workers' processes: those that the cluster's process has spawned, but the tracker."""
        clusters = [pid for pid in descendants(self.process.pid) if "cluster" in command_line(pid)]
        return [pid for each in clusters for pid in children(each) if "spawn_main" in command_line(pid)]

    def wait_for_workers(self, count: int = 1) -> list[int]:
        """The workers' processes, once there are so many."""
        wait_until(lambda: len(self.workers()) >= count, self.said)
        return self.workers()

    def kill(self) -> list[int]:
        """kill -9 of the service; the processes that it had started, which have to go by themselves."""
        family = descendants(self.process.pid)
        self.end(signal.SIGKILL)
        return family

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End what still runs."""
        self.http.close()
        super().close()


def kill(pid: int) -> None:
    """kill -9."""
    os.kill(pid, signal.SIGKILL)


def states(job: dict[str, Any]) -> list[str]:
    """The items' states, in their order."""
    return [item["state"] for item in job["items"]]
