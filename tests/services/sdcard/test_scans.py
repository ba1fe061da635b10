"""Scans and copies: jobs that read clips, tell of it, and go on where they were stopped."""

import io
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from demo.ports import free_port
from tests.conftest import StartImageStore
from tests.gateway.serving import wait_until
from tests.postgres import NewDatabase
from tests.services.imagestore.store import problem
from tests.services.sdcard.browser import Browser, CardCamera, MakeBrowser, Reachable

DATE, BEFORE = "2026-11-20", "2026-11-19"


def told(browser: Browser, kind: str) -> list[dict[str, Any]]:
    """The data of all events of a kind."""
    return [event["data"] for event in browser.events() if event["type"] == f"sdcard.{kind}"]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_scan_reads_each_clip_once(
    kind: str, make_browser: MakeBrowser, new_database: NewDatabase, camera: Reachable
) -> None:
    browser = make_browser(database_url=new_database() if kind == "postgresql" else "")
    browser.online("cam1", camera)
    first = browser.scan("cam1", date=DATE, hour=10)
    assert first["result"] == {"clips": 12, "known": 0, "read": 12, "failed": 0}
    ready = [clip for data in told(browser, "clip.ready") for clip in data["clips"]]
    ids = [item["id"] for item in browser.clips("cam1", DATE, hour=10)]
    assert Counter(clip["id"] for clip in ready) == Counter(ids)
    assert all(item["properties"]["state"] == "whole" for item in browser.clips("cam1", DATE, hour=10))
    assert browser.scan("cam1", date=DATE, hour=10)["result"] == {
        "clips": 12, "known": 12, "read": 0, "failed": 0,
    }  # fmt: skip
    assert browser.scan("cam1", date=DATE)["result"]["known"] == 12
    assert browser.scan("cam1")["result"]["known"] == 35
    assert [data["state"] for data in told(browser, "job.finished")] == ["finished"] * 4
    hours = browser.get(f"/v1/cameras/cam1/dates/{BEFORE}").json()["items"]
    assert [item["scanned"] for item in hours] == [item["clips"] for item in hours]


def test_newest_clips_come_first(make_browser: MakeBrowser, camera: Reachable) -> None:
    browser = make_browser(scan_connections=1)
    browser.online("cam1", camera)
    browser.scan("cam1")
    ready = [clip["id"] for data in told(browser, "clip.ready") for clip in data["clips"]]
    listed = [
        item["id"]
        for date in (DATE, BEFORE)
        for item in browser.clips("cam1", date)
        if item["kind"] == "clip"
    ]
    assert ready == listed


def test_a_scan_without_thumbnails_leaves_them_to_be_made(browser: Browser, camera: Reachable) -> None:
    browser.online("cam1", camera)
    browser.scan("cam1", date=DATE, hour=10, thumbnails=False)
    assert not list((browser.folder / "sdcard/pictures").glob("*/*"))
    assert browser.scan("cam1", date=DATE, hour=10)["result"]["read"] == 12
    assert len(list((browser.folder / "sdcard/pictures").glob("*/*.jpg"))) == 12


def test_a_repeated_request_is_one_job(browser: Browser, camera: Reachable) -> None:
    browser.online("cam1", camera)
    key = {"Idempotency-Key": "once"}
    first, second = (
        browser.post("/v1/cameras/CAM1/scans", json={"date": DATE, "hour": 10}, headers=key) for _ in range(2)
    )
    assert first.json()["id"] == second.json()["id"]
    assert first.headers["location"].endswith(f"/v1/jobs/{first.json()['id']}")
    other = browser.post("/v1/cameras/cam1/scans", json={"date": DATE}, headers=key)
    assert problem(other) == (422, "idempotency_key_reused")
    browser.ended(first.json()["id"])
    assert [job["id"] for job in browser.get("/v1/jobs", params={"camera": "Cam1"}).json()["items"]] == [1]
    assert problem(browser.get("/v1/jobs/99")) == (404, "job_not_found")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"hour": 3}, "date_needed"),
        ({"date": "2026-02-30"}, "invalid_date"),
        ({"date": "today"}, "validation_failed"),
        ({"date": DATE, "hour": 24}, "validation_failed"),
        ({"all": True}, "validation_failed"),
    ],
)
def test_what_cannot_be_scanned_is_refused(browser: Browser, body: dict[str, Any], code: str) -> None:
    browser.post("/v1/cameras", json={"id": "cam1", "host": "10.0.0.1"})
    assert problem(browser.post("/v1/cameras/cam1/scans", json=body)) == (422, code)


def test_a_camera_that_is_off_fails_its_scan_with_the_reason_and_can_be_tried_again(
    browser: Browser, openssh: CardCamera, sample_card: Path
) -> None:
    clip = next(path for path in sample_card.glob(f"{DATE}/10/*.mp4"))
    openssh.put(f"{DATE}/10/{clip.name}", clip.read_bytes())
    browser.online("cam1", openssh)
    openssh.stop_listening()
    job = browser.scan("cam1")
    assert (job["state"], job["error"]["code"]) == ("failed", "camera_refused")
    openssh.listen_again()
    browser.patch("/v1/cameras/cam1", json={})  # forget the pause before the next try
    again = browser.post(f"/v1/jobs/{job['id']}/retry")
    assert again.status_code == 202
    assert browser.ended(job["id"])["result"]["read"] == 1
    assert problem(browser.post("/v1/jobs/99/retry")) == (404, "job_not_found")


def test_a_cancelled_scan_keeps_what_it_has_read(make_browser: MakeBrowser, sample_cameras: Any) -> None:
    camera = sample_cameras("simulated")
    browser = make_browser(scan_connections=1)
    browser.online("cam1", camera)
    camera.tell("delay 0.1")
    try:
        job = browser.post("/v1/cameras/cam1/scans", json={}).json()["id"]
        wait_until(lambda: browser.get(f"/v1/jobs/{job}").json()["progress"]["done"] > 1)
        assert browser.delete(f"/v1/jobs/{job}").status_code == 200
        ended = browser.ended(job)
    finally:
        camera.tell("delay 0")
    assert ended["state"] == "cancelled"
    read = [item for item in browser.clips("cam1", DATE) if item["properties"]]
    assert 0 < len(read) < 35
    assert len(told(browser, "job.cancelled")) == 1
    again = browser.post(f"/v1/jobs/{job}/retry").json()
    assert browser.ended(again["id"])["result"]["known"] >= len(read)


def test_a_scan_goes_on_after_the_service_was_stopped(make_browser: MakeBrowser, sample_cameras: Any) -> None:
    camera = sample_cameras("simulated")
    first = make_browser(scan_connections=1)
    first.online("cam1", camera)
    camera.tell("delay 0.1")
    try:
        job = first.post("/v1/cameras/cam1/scans", json={}).json()["id"]
        wait_until(lambda: first.get(f"/v1/jobs/{job}").json()["progress"]["done"] > 1)
        first.__exit__()
    finally:
        camera.tell("delay 0")
    second = make_browser()
    ended = second.ended(job)
    assert ended["state"] == "finished"
    assert 1 < ended["result"]["known"] < 70
    assert ended["result"]["known"] + ended["result"]["read"] == ended["result"]["clips"] == 70


def test_key_frames_are_copied_into_the_image_store(
    make_browser: MakeBrowser, sample_cameras: Any, start_imagestore: StartImageStore
) -> None:
    camera = sample_cameras("simulated")
    store = start_imagestore()
    browser = make_browser(imagestore_url=store.url, service_token=store.service_token)
    browser.headers["X-Darkroom-Service-Token"] = store.service_token
    browser.online("cam1", camera)
    items = browser.clips("cam1", DATE, hour=9)
    wanted = {"clips": [item["id"] for item in items], "tags": ["night"]}
    started = browser.post("/v1/cameras/cam1/copies", json=wanted)
    job = browser.ended(started.json()["id"])
    assert (job["state"], job["progress"]["total"]) == ("finished", 12)
    failed = {one["clip"]: one["code"] for one in job["result"]["failed"]}
    notes = next(item["id"] for item in items if item["kind"] == "other")
    assert failed[notes] == "no_picture"
    assert len(job["result"]["images"]) + len(failed) == 12
    with store.images() as images:
        found = images.get("/v1/images", params={"tag": "cam1"}).json()["items"]
        content = images.get(f"/v1/images/{found[0]['name']}/content").content
    assert {image["name"] for image in found} == set(job["result"]["images"])
    assert set(found[0]["tags"]) == {"cam1", DATE, "night"}
    assert found[0]["name"].startswith(f"cam1-{DATE}-09-")
    assert Image.open(io.BytesIO(content)).format == "JPEG"


def test_a_copy_says_that_the_image_store_is_away(make_browser: MakeBrowser, sample_cameras: Any) -> None:
    browser = make_browser(imagestore_url=f"http://127.0.0.1:{free_port()}")
    browser.online("cam1", sample_cameras("simulated"))
    item = browser.clips("cam1", DATE, hour=10)[0]
    started = browser.post("/v1/cameras/cam1/copies", json={"clips": [item["id"]]})
    job = browser.ended(started.json()["id"])
    assert (job["state"], job["error"]["code"]) == ("failed", "imagestore_unavailable")
