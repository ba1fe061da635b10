"""Jobs over HTTP, with the real engine: what goes in comes out in its order, and what breaks fails alone."""

import io
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2 as opencv
import numpy as np
import pytest
from starlette.testclient import TestClient

from demo.ports import free_port
from services.processing.app import create_app
from services.processing.settings import ProcessingSettings
from tests.process_tree import children, command_line
from tests.processing import DENOISE, EDGES, ENDED, noise, states
from tests.scripts.stack_process import wait_until
from tests.services.imagestore.store import problem

cv2: Any = opencv
TOKEN = "token-between-services"
GATEWAY = {
    "X-Darkroom-Service-Token": TOKEN,
    "X-Darkroom-Actor": "ada",
    "X-Forwarded-Prefix": "/api/processing",
}
IMAGES = [(f"{name}.png", noise(number)) for number, name in enumerate(("ada", "bob", "cleo"))]


class Service(TestClient):
    """Calls as the gateway makes them, for the key `ada`."""

    folder: Path

    def submit(self, images: Any = IMAGES, pipeline: Any = EDGES, key: str = "", **fields: Any) -> Any:
        """The answer to a job's form."""
        form = [("images", image) for image in images]
        headers = {"Idempotency-Key": key} if key else {}
        data = {"pipeline": json.dumps(pipeline), **fields}
        return self.post("/v1/jobs", files=form, data=data, headers=headers)

    def ended(self, answer: Any) -> dict[str, Any]:
        """The job of an answer once it has ended, with its items."""
        assert answer.status_code == 202, answer.text
        url = f"/v1/jobs/{answer.json()['id']}"
        wait_until(lambda: self.get(url, params={"wait": 5}).json()["state"] in ENDED)
        found: dict[str, Any] = self.get(url, params={"limit": 1000}).json()
        return found

    def events(self, job_id: int) -> list[dict[str, Any]]:
        """What was told of the job."""
        text = self.get("/v1/events", params={"after": 0, "follow": "false"}).text
        told = [json.loads(block.split("data: ", 1)[1]) for block in text.split("\n\n")[1:] if block]
        return [event for event in told if event["subject"] == f"jobs/{job_id}"]

    def blobs(self) -> list[Path]:
        """The files of jobs in the blob store."""
        return sorted(path for path in (self.folder / "processing/blobs/jobs").rglob("*") if path.is_file())


def start(folder: Path, **given: Any) -> Service:
    """A service to be used as a context manager."""
    values = {"data_dir": folder, "service_token": TOKEN, "access_log": False, "workers": 1, **given}
    service = Service(
        create_app(ProcessingSettings(**values)), headers=GATEWAY, raise_server_exceptions=False
    )
    service.folder = folder
    return service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all tests that leave it in order."""
    with start(tmp_path_factory.mktemp("processing")) as running:
        yield running


def edges(content: bytes) -> bytes:
    """What the result has to be, by OpenCV alone."""
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    return bytes(cv2.imencode(".png", cv2.Canny(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), 90, 180))[1])


def eroded(content: bytes) -> bytes:
    """The same for another operation."""
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    return bytes(cv2.imencode(".png", cv2.erode(pixels, np.ones((5, 5), np.uint8)))[1])


def test_results_are_opencvs_in_the_order_of_the_upload(service: Service) -> None:
    others = {"1": [{"operation": "erosion"}]}
    answer = service.submit(overrides=json.dumps(others))
    job = service.ended(answer)
    url = f"/v1/jobs/{job['id']}"
    assert answer.headers["location"] == f"http://testserver/api/processing{url}"
    assert (job["state"], job["progress"]) == ("finished", {"total": 3, "done": 3, "failed": 0})
    assert [item["name"] for item in job["items"]] == ["ada.png", "bob.png", "cleo.png"]
    wanted = [edges(IMAGES[0][1]), eroded(IMAGES[1][1]), edges(IMAGES[2][1])]
    assert [service.get(f"{url}/items/{index}/result").content for index in range(3)] == wanted
    assert [service.get(f"{url}/items/{index}/original").content for index in range(3)] == [
        content for _, content in IMAGES
    ]
    archive = zipfile.ZipFile(io.BytesIO(service.get(f"{url}/results.zip").content))
    assert archive.namelist() == ["ada-edge_detection.png", "bob-erosion.png", "cleo-edge_detection.png"]
    assert [archive.read(name) for name in archive.namelist()] == wanted
    assert job["items"][0]["pipeline"] is None
    assert job["items"][1]["pipeline"][0]["operation"] == "erosion"
    kinds = [event["type"].rpartition(".")[2] for event in service.events(job["id"])]
    assert kinds[:2] == ["queued", "started"]
    assert kinds[-1] == "finished"


def test_what_each_step_gives_can_be_asked_for(service: Service) -> None:
    own = {"1": [{"operation": "erosion"}]}
    answer = service.submit(pipeline=[{"operation": "erosion"}, *EDGES], overrides=json.dumps(own))
    url = f"/v1/jobs/{service.ended(answer)['id']}/items"
    first = service.get(f"{url}/0/steps/1")
    assert first.content == eroded(IMAGES[0][1])
    assert service.get(f"{url}/0/steps/2").content == service.get(f"{url}/0/result").content
    again = service.get(f"{url}/0/steps/1", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert first.headers["etag"] != service.get(f"{url}/0/steps/2").headers["etag"]
    assert problem(service.get(f"{url}/0/steps/3")) == (404, "step_not_found")
    assert problem(service.get(f"{url}/1/steps/2")) == (404, "step_not_found")
    assert problem(service.get(f"{url}/0/steps/0")) == (404, "step_not_found")


def test_bytes_have_ranges_and_etags(service: Service) -> None:
    job = service.ended(service.submit(IMAGES[:1]))
    url = f"/v1/jobs/{job['id']}/items/0/result"
    whole = service.get(url)
    assert whole.headers["etag"] == f'"{job["items"][0]["digest"].removeprefix("sha256:")}"'
    assert whole.headers["content-type"] == "image/png"
    part = service.get(url, headers={"Range": "bytes=2-5"})
    assert (part.status_code, part.content) == (206, whole.content[2:6])
    assert service.get(url, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304


def test_a_broken_image_fails_alone_and_says_why(service: Service) -> None:
    images = [IMAGES[0], ("notes.txt", b"no picture at all"), ("cut.png", IMAGES[1][1][:200]), IMAGES[2]]
    job = service.ended(service.submit(images))
    url = f"/v1/jobs/{job['id']}"
    assert states(job) == ["finished", "failed", "failed", "finished"]
    assert (job["state"], job["progress"]["failed"]) == ("finished", 2)
    assert [item["error"]["code"] for item in job["items"] if item["error"]] == [
        "unsupported_format",
        "broken_image",
    ]
    assert problem(service.get(f"{url}/items/1/result")) == (409, "item_failed")
    archive = zipfile.ZipFile(io.BytesIO(service.get(f"{url}/results.zip").content))
    assert archive.namelist() == ["ada-edge_detection.png", "cleo-edge_detection.png", "ERRORS.txt"]
    assert "notes.txt" in archive.read("ERRORS.txt").decode()
    only_failed = service.get(url, params={"state": "failed"}).json()["items"]
    assert [item["index"] for item in only_failed] == [1, 2]
    again = service.post(f"{url}/retry")
    assert again.json()["progress"] == {"total": 4, "done": 2, "failed": 0}
    assert states(service.ended(again)) == ["finished", "failed", "failed", "finished"]


def test_a_job_without_any_result_has_failed(service: Service) -> None:
    job = service.ended(service.submit([("notes.txt", b"no picture")]))
    assert (job["state"], job["error"]["code"]) == ("failed", "all_items_failed")


def test_the_same_key_gives_the_same_job(service: Service) -> None:
    first = service.submit(key="holiday")
    again = service.submit(key="holiday")
    assert again.json()["id"] == first.json()["id"]
    assert problem(service.submit(IMAGES[:2], key="holiday")) == (422, "idempotency_key_reused")
    other = service.submit()
    assert other.json()["id"] != first.json()["id"]
    service.ended(first)
    service.ended(other)
    before = service.blobs()
    service.submit(key="holiday")
    assert service.blobs() == before  # an upload that is not used leaves nothing


def test_same_names_have_results_of_different_names(service: Service) -> None:
    images = [("a.png", IMAGES[0][1]), ("b/a.PNG", IMAGES[1][1]), ("A.png", IMAGES[2][1])]
    job = service.ended(service.submit(images, format="jpeg", quality="80"))
    names = [item["result_name"] for item in job["items"]]
    assert names == ["a-edge_detection.jpg", "a-2-edge_detection.jpg", "A-3-edge_detection.jpg"]
    assert {item["media_type"] for item in job["items"]} == {"image/jpeg"}


def test_a_cancelled_job_stops_and_can_be_taken_up_again(service: Service) -> None:
    images = [(f"{number}.png", noise(number, (300, 200))) for number in range(12)]
    answer = service.submit(images, DENOISE)
    url = f"/v1/jobs/{answer.json()['id']}"
    wait_until(lambda: service.get(url).json()["progress"]["done"] >= 1)
    assert service.delete(url).status_code == 200
    job = service.ended(answer)
    assert job["state"] == "cancelled"
    assert set(states(job)) == {"finished", "cancelled"}
    finished = states(job).count("finished")
    assert finished < len(images)
    assert problem(service.get(f"{url}/items/11/result")) == (409, "item_cancelled")
    assert states(service.ended(service.post(f"{url}/retry"))) == ["finished"] * len(images)
    assert problem(service.post(f"{url}/retry")) == (409, "nothing_to_retry")


def test_jobs_that_are_cancelled_beside_others_stop_alone(service: Service) -> None:
    images = [(f"{number}.png", noise(number, (160, 120))) for number in range(8)]
    answers = [service.submit(images, DENOISE) for _ in range(6)]
    urls = [f"/v1/jobs/{answer.json()['id']}" for answer in answers]
    wait_until(lambda: any(service.get(url).json()["progress"]["done"] for url in urls))
    assert {service.delete(url).status_code for url in urls[1::2]} == {200}
    jobs = [service.ended(answer) for answer in answers]
    assert [job["state"] for job in jobs] == ["finished", "cancelled"] * 3
    assert [states(job) for job in jobs[::2]] == [["finished"] * len(images)] * 3
    for url, job in zip(urls[1::2], jobs[1::2], strict=True):
        assert set(states(job)) <= {"finished", "cancelled"}
        assert "cancelled" in states(job)
        assert service.get(url, params={"limit": 1000}).json()["items"] == job["items"]  # nothing came after
        assert [event["type"].rpartition(".")[2] for event in service.events(job["id"])][-1] == "cancelled"


def test_a_result_can_be_waited_for(service: Service) -> None:
    answer = service.submit([("slow.png", noise(5, (300, 200)))], DENOISE)
    url = f"/v1/jobs/{answer.json()['id']}/items/0"
    assert problem(service.get(f"{url}/result")) == (409, "item_not_ready")
    assert problem(service.post(f"/v1/jobs/{answer.json()['id']}/retry")) == (409, "job_not_ended")
    found = service.get(f"{url}/result", params={"wait": 20})
    assert found.status_code == 200
    assert service.get(url, params={"wait": 20}).json()["state"] == "finished"


def test_pages_follow_each_other(service: Service) -> None:
    job = service.ended(service.submit([(f"{number}.png", IMAGES[0][1]) for number in range(7)]))
    url, cursor, seen = f"/v1/jobs/{job['id']}", None, []
    while True:
        page = service.get(url, params={"limit": 3, **({"cursor": cursor} if cursor else {})}).json()
        seen += [item["index"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == list(range(7))
    assert service.get("/v1/jobs", params={"limit": 1}).json()["items"][0]["id"] == job["id"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"pipeline": "[]"}, "invalid_pipeline"),
        ({"pipeline": "not json"}, "invalid_json"),
        ({"pipeline": '[{"operation": "no_such"}]'}, "unknown_operation"),
        ({"overrides": '{"7": [{"operation": "erosion"}]}'}, "validation_failed"),
        ({"overrides": '{"1": [{"operation": "no_such"}]}'}, "unknown_operation"),
        ({"pipeline_name": "both"}, "invalid_pipeline"),
        ({"format": "exe"}, "invalid_output"),
        ({"quality": "101"}, "validation_failed"),
        ({"colour": "red"}, "unknown_field"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_stays(service: Service, fields: dict[str, str], code: str) -> None:
    before = len(service.blobs())
    data = {"pipeline": json.dumps(EDGES), **fields}
    answer = service.post("/v1/jobs", files=[("images", image) for image in IMAGES], data=data)
    assert problem(answer)[1] == code
    assert len(service.blobs()) == before


def test_a_form_without_images_and_unknown_jobs(service: Service) -> None:
    form = {"pipeline": (None, json.dumps(EDGES))}
    assert problem(service.post("/v1/jobs", files=form)) == (422, "no_files")
    assert problem(service.get("/v1/jobs/999999")) == (404, "job_not_found")
    assert problem(service.get("/v1/jobs/1/items/9999")) == (404, "item_not_found")
    assert problem(service.get("/v1/jobs/x/items/0/result"))[0] == 422


def test_the_workers_come_with_a_job_and_go_when_they_are_not_needed(tmp_path: Path) -> None:
    def clusters() -> list[int]:
        return [pid for pid in children(os.getpid()) if "processing.cluster" in command_line(pid)]

    before = set(clusters())
    with start(tmp_path, idle_seconds=0.5) as service:
        assert service.get("/readyz").status_code == 200
        assert set(clusters()) <= before
        for _ in range(2):
            assert states(service.ended(service.submit())) == ["finished"] * len(IMAGES)
            assert set(clusters()) - before
            wait_until(lambda: set(clusters()) <= before)


def test_the_line_is_bounded(tmp_path: Path) -> None:
    nobody = f"tcp://127.0.0.1:{free_port()}"
    with start(tmp_path, dask_scheduler=nobody, running_jobs=1, waiting_jobs=1, job_items=3) as service:
        assert service.submit(key="first").status_code == 202
        wait_until(lambda: service.get("/v1/jobs").json()["items"][-1]["state"] == "running")
        assert service.submit(key="second").status_code == 202
        full = service.submit()
        assert problem(full) == (429, "too_many_jobs")
        assert int(full.headers["retry-after"]) > 0
        assert service.submit(key="second").status_code == 202  # it is there already
        assert problem(service.submit([IMAGES[0]] * 4, key="third")) == (422, "too_many_images")
        assert service.delete("/v1/jobs/2").json()["state"] == "cancelled"
        assert states(service.get("/v1/jobs/2").json()) == ["cancelled"] * 3


def test_what_is_over_is_swept(tmp_path: Path) -> None:
    with start(tmp_path, kept_hours=0.5 / 3600, sweep_seconds=0.1) as service:
        answer = service.submit()
        url = f"/v1/jobs/{answer.json()['id']}"
        wait_until(lambda: service.get(url).status_code == 404)
        assert service.blobs() == []


def test_a_large_image_is_refused_alone(tmp_path: Path) -> None:
    with start(tmp_path, image_bytes=2000) as service:
        small = ("small.png", noise(1, (8, 8)))
        job = service.ended(service.submit([IMAGES[0], small]))
        assert states(job) == ["failed", "finished"]
        assert job["items"][0]["error"]["code"] == "body_too_large"
