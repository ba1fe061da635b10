"""Kills in the middle of jobs: every job ends, no image has two results, a killing image fails alone."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import cv2 as opencv
import numpy as np
import pytest

from demo.ports import free_port
from tests.dask_cluster import DaskCluster
from tests.process_tree import children, command_line, lives
from tests.processing import DENOISE, EDGES, Processing, kill, large, noise, states
from tests.scripts.stack_process import wait_until

cv2: Any = opencv
SLOW = [(f"slow-{number}.png", noise(number, (400, 300))) for number in range(8)]  # about 0.2 s each
MIB = 1024 * 1024
Start = Callable[..., Processing]


NOBODY = f"tcp://127.0.0.1:{free_port()}"  # a scheduler that is not there: jobs wait


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts services on the same folder, one after the other."""
    started: list[Processing] = []

    def one(**given: Any) -> Processing:
        started.append(Processing(tmp_path, **given))
        return started[-1]

    yield one
    for each in started:
        each.close()


def denoised(content: bytes) -> bytes:
    """What the result has to be, by OpenCV alone."""
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    done = cv2.fastNlMeansDenoisingColored(pixels, None, 10, 10, 7, 21)
    return bytes(cv2.imencode(".png", done)[1])


def check_results(service: Processing, job: dict[str, Any]) -> None:
    """Every item has one result, the right one, and nothing else is kept for it."""
    assert states(job) == ["finished"] * len(SLOW), job["items"]
    for item, (name, content) in zip(job["items"], SLOW, strict=True):
        assert item["name"] == name
        found = service.http.get(f"/v1/jobs/{job['id']}/items/{item['index']}/result").content
        assert found == denoised(content)
        assert item["digest"] == f"sha256:{sha256(found).hexdigest()}"
    finished = [one for one in service.events() if one["type"].startswith("processing.job.fi")]
    assert len(finished) == 1


def test_a_killed_worker_costs_no_image(start: Start) -> None:
    service = start(DARKROOM_PROCESSING_WORKERS="2")
    job = service.submit(SLOW, DENOISE)
    service.wait_for(job, 1)
    for pid in service.wait_for_workers(2):
        kill(pid)
    check_results(service, service.ended(job))


def test_a_killed_service_goes_on_where_it_was(start: Start) -> None:
    first = start()
    job = first.submit(SLOW, DENOISE)
    first.wait_for(job, 2)
    done = [item["ended_at"] for item in first.job(job)["items"] if item["state"] == "finished"]
    family = first.kill()
    wait_until(lambda: not any(lives(pid) for pid in family), lambda: "its workers outlive the service")
    second = start(data=first.data_dir)
    ended = second.ended(job)
    check_results(second, ended)
    assert [item["ended_at"] for item in ended["items"]][: len(done)] == done  # not done twice


def test_sigterm_finishes_what_is_at_work_and_hands_the_rest_back(start: Start) -> None:
    first = start()
    job = first.submit(SLOW, DENOISE)
    first.wait_for(job, 1)
    family = [*children(first.process.pid)]
    assert first.end(signal.SIGTERM, 25) in {0, -signal.SIGTERM}  # uvicorn raises it again when it is done
    wait_until(lambda: not any(lives(pid) for pid in family), lambda: "its workers outlive the service")
    second = start(data=first.data_dir)
    ended = second.ended(job)
    check_results(second, ended)
    assert [item["attempts"] for item in ended["items"]] == [1] * len(SLOW)  # nothing was begun in vain


@pytest.mark.faults
def test_a_killed_engine_is_started_again(start: Start) -> None:
    service = start()
    job = service.submit(SLOW, DENOISE)
    service.wait_for(job, 1)
    for pid in children(service.process.pid):
        if "processing.cluster" in command_line(pid):
            kill(pid)
    check_results(service, service.ended(job))


def test_an_image_that_kills_its_worker_fails_alone(start: Start) -> None:
    """It swells beyond a worker's memory; its neighbours are on the same worker, and come through."""
    service = start(DARKROOM_PROCESSING_WORKER_MEMORY_BYTES=str(320 * MIB))
    images = [SLOW[0], SLOW[1], ("bomb.png", large()), SLOW[2], SLOW[3]]
    slowly = [{"operation": "median_blur", "parameters": {"kernel": 15}}] * 3
    job = service.ended(service.submit(images, slowly))
    assert states(job) == ["finished", "finished", "failed", "finished", "finished"], job["items"]
    bomb = job["items"][2]
    assert bomb["attempts"] == 3
    assert bomb["error"]["code"] == "worker_died"
    assert (job["state"], job["progress"]) == ("finished", {"total": 5, "done": 5, "failed": 1})
    assert service.http.get("/readyz").status_code == 200


def test_an_image_that_takes_too_long_fails_alone(start: Start) -> None:
    service = start(DARKROOM_PROCESSING_ITEM_SECONDS="1.5")
    images = [SLOW[0], ("endless.png", noise(9, (2000, 1500))), SLOW[1]]
    job = service.ended(service.submit(images, DENOISE))
    assert states(job) == ["finished", "failed", "finished"], job["items"]
    assert job["items"][1]["error"]["code"] == "item_too_slow"


def test_a_restarted_scheduler_costs_no_image(start: Start, tmp_path: Path) -> None:
    with DaskCluster(tmp_path) as dask:
        service = start(DARKROOM_DASK_SCHEDULER=dask.address)
        job = service.submit(SLOW, DENOISE)
        service.wait_for(job, 2)
        dask.restart_scheduler()
        dask.replace_worker()
        check_results(service, service.ended(job))
        assert service.workers() == []  # the engine is the given one, and no other
        dask.restart_scheduler()
        assert service.end(signal.SIGTERM, 5) in {0, -signal.SIGTERM}  # also while it connects anew


@pytest.mark.faults
def test_many_jobs_through_many_kills(start: Start) -> None:
    """A ledger: every job that was accepted ends with a result for every image, also the last one."""
    service = start(DARKROOM_PROCESSING_WORKERS="2")
    jobs = [service.submit(SLOW[:4], EDGES, key=f"job-{number}") for number in range(6)]
    slow = service.submit(SLOW, DENOISE)
    for pid in service.wait_for_workers(2):
        kill(pid)
    service.kill()
    service = start(data=service.data_dir, DARKROOM_PROCESSING_WORKERS="2")
    assert [service.submit(SLOW[:4], EDGES, key=f"job-{number}") for number in range(6)] == jobs
    assert [states(service.ended(job)) for job in jobs] == [["finished"] * 4] * 6
    assert states(service.ended(slow)) == ["finished"] * len(SLOW)


def fill(path: Path) -> None:
    """Take all room that the file system has."""
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass


@pytest.mark.parametrize("command", [None, ["-m", "tests.faults.careless", "processing"]])
def test_a_job_that_was_accepted_has_its_images(start: Start, command: list[str] | None) -> None:
    """And a service that accepts before they are on disk is found out."""
    first = start(command=command, DARKROOM_DASK_SCHEDULER=NOBODY)
    job = first.submit(SLOW, DENOISE)
    first.kill()
    second = start(data=first.data_dir)
    ended = second.ended(job)
    if command is None:
        check_results(second, ended)
    else:
        with pytest.raises(AssertionError):
            check_results(second, ended)


def test_a_full_disk_refuses_and_recovers(start: Start, small_disk: Path) -> None:
    service = start(data=small_disk / "data")
    first = service.submit(SLOW[:2], EDGES)
    assert states(service.ended(first)) == ["finished"] * 2
    filler = small_disk / "filler"
    fill(filler)
    form = [("images", image) for image in SLOW]
    refused = service.http.post("/v1/jobs", files=form, data={"pipeline": '[{"operation": "grey"}]'})
    assert (refused.status_code, refused.json()["code"]) == (507, "insufficient_storage")
    assert service.http.get(f"/v1/jobs/{first}/items/0/result").status_code == 200
    filler.unlink()
    assert states(service.ended(service.submit(SLOW[:2], EDGES))) == ["finished"] * 2


@pytest.mark.faults
def test_a_disk_that_fills_up_in_the_middle_of_a_job(start: Start, small_disk: Path) -> None:
    """Images whose results have no room fail and say so, or wait; with room again, none is missing."""
    service = start(data=small_disk / "data")
    job = service.submit(SLOW, DENOISE)
    service.wait_for(job, 2)
    filler = small_disk / "filler"
    fill(filler)
    wait_until(lambda: service.http.post("/v1/jobs", files=[("images", SLOW[0])]).status_code == 507)
    time.sleep(1)  # for some results to find no room
    filler.unlink()
    ended = service.ended(job)
    failed = [item for item in ended["items"] if item["state"] == "failed"]
    assert {item["error"]["code"] for item in failed} <= {"insufficient_storage"}
    if failed:
        assert service.http.post(f"/v1/jobs/{job}/retry").status_code == 202
    ended = service.ended(job)
    assert states(ended) == ["finished"] * len(SLOW)
    for item, (_, content) in zip(ended["items"], SLOW, strict=True):
        found = service.http.get(f"/v1/jobs/{job}/items/{item['index']}/result").content
        assert found == denoised(content)
