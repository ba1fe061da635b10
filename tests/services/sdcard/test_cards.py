"""What a card holds, behind both servers: shown at once, and listed no more than needed."""

import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from tests.postgres import NewDatabase
from tests.services.imagestore.store import problem
from tests.services.sdcard.browser import Browser, CardCamera, MakeBrowser, Reachable

DATES = ["2026-11-20", "2026-11-19"]
ODD_NAMES = ['it\'s "here".mp4', "a\nb.mp4", "$(touch x); rm -rf `.mp4", "caf\udce9.mp4", "-rf", "ü.mp4"]


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, make_browser: MakeBrowser, new_database: NewDatabase) -> Browser:
    """A browser on either database."""
    return make_browser(database_url=new_database() if request.param == "postgresql" else "")


def listed(browser: Browser) -> list[dict[str, Any]]:
    """What the refreshes so far have told of themselves."""
    return [event["data"] for event in browser.events() if event["type"] == "sdcard.camera.listed"]


def test_a_key_has_to_be_accepted_before_anything_is_shown(browser: Browser, camera: Reachable) -> None:
    browser.add("Cam1", camera)
    state = browser.seen("CAM1")
    assert state["state"] == "host_key_unknown"
    assert state["host_key"] == {"state": "unknown", "accepted": None, "offered": camera.fingerprint}
    assert browser.dates("cam1") == []
    other = "SHA256:" + "A" * 43
    assert problem(browser.accept("cam1", other)) == (409, "host_key_not_offered")
    assert browser.accept("cam1", camera.fingerprint).json()["host_key"]["state"] == "accepted"
    assert browser.seen("cam1")["state"] == "online"
    assert browser.dates("cam1") == DATES


def test_dates_hours_and_files(either: Browser, camera: Reachable, sample_card: Path) -> None:
    state = either.online("cam1", camera)
    files = [path for path in sample_card.glob("*/*/*") if path.is_file()]
    clips = [path for path in files if path.suffix == ".mp4"]
    assert (state["dates"], state["clips"]) == (2, len(clips))
    assert state["clip_bytes"] == sum(path.stat().st_size for path in files)
    assert state["card"]["size"] > state["card"]["used"] > 0
    answer = either.get("/v1/cameras/cam1/dates").json()
    assert answer["state"] == "online"
    assert answer["age_seconds"] >= 0
    assert [(item["date"], item["hours"]) for item in answer["items"]] == [(date, 3) for date in DATES]
    hours = either.get(f"/v1/cameras/cam1/dates/{DATES[0]}").json()["items"]
    assert [(item["hour"], item["clips"], item["others"], item["scanned"]) for item in hours] == [
        (11, 12, 0, 0), (10, 12, 0, 0), (9, 11, 1, 0),
    ]  # fmt: skip
    found = either.clips("cam1", DATES[0])
    on_disk = sorted(path.name for path in (sample_card / DATES[0]).glob("*/*"))
    assert sorted(item["name"] for item in found) == on_disk
    starts = [item["start_local"] for item in found if item["kind"] == "clip"]
    assert starts == sorted(starts, reverse=True)
    (other,) = [item for item in found if item["kind"] == "other"]
    assert (other["name"], other["size"], other["thumbnail_url"]) == ("notes.txt", 11, None)


def test_pages_of_files_meet_without_a_gap(browser: Browser, camera: Reachable) -> None:
    browser.online("cam1", camera)
    whole = [item["id"] for item in browser.clips("cam1", DATES[1])]
    assert len(whole) == len(set(whole)) == 36
    assert [item["id"] for item in browser.clips("cam1", DATES[1], limit=5)] == whole
    hour = browser.clips("cam1", DATES[1], hour=10)
    assert [item["id"] for item in hour] == [one for one in whole if one in {item["id"] for item in hour}]


def test_what_was_known_is_shown_at_once_while_the_camera_is_away(
    make_browser: MakeBrowser, openssh: CardCamera
) -> None:
    openssh.put("2026-11-20/09/1-0900.mp4", b"abc")
    first = make_browser()
    first.online("cam1", openssh)
    openssh.close()
    again = make_browser()
    shown = again.get("/v1/cameras/cam1/dates").json()
    assert [item["date"] for item in shown["items"]] == ["2026-11-20"]
    assert (shown["state"], shown["refreshing"]) == ("online", True)
    assert again.seen("cam1")["state"] == "camera_refused"
    shown = again.get("/v1/cameras/cam1/dates", params={"wait": 20}).json()
    assert (shown["state"], shown["items"][0]["clips"]) == ("camera_refused", 1)
    states = [event["data"] for event in again.events() if event["type"] == "sdcard.camera.state"]
    assert [(data["earlier"], data["state"]) for data in states] == [
        ("never_seen", "host_key_unknown"), ("online", "camera_refused"),
    ]  # fmt: skip


def test_known_hours_are_not_listed_again_unless_their_time_changed(
    browser: Browser, openssh: CardCamera
) -> None:
    for hour in range(6):
        openssh.put(f"2026-11-20/{hour:02d}/1-{hour:02d}00.mp4", b"abc")
    browser.online("cam1", openssh)
    assert listed(browser)[-1]["hours_listed"] == 6
    browser.seen("cam1")
    assert (listed(browser)[-1]["hours_listed"], listed(browser)[-1]["changed"]) == (2, False)
    openssh.put("2026-11-20/01/2-0101.mp4", b"new", age=3000)
    browser.seen("cam1")
    assert (listed(browser)[-1]["hours_listed"], listed(browser)[-1]["changed"]) == (3, True)
    assert [item["name"] for item in browser.clips("cam1", "2026-11-20", hour=1)] == [
        "2-0101.mp4",
        "1-0100.mp4",
    ]


def test_a_clip_that_grows_in_the_newest_hours_is_seen(browser: Browser, openssh: CardCamera) -> None:
    openssh.put("2026-11-20/08/1-0800.mp4", b"abc")
    growing = openssh.put("2026-11-20/09/2-0900.mp4", b"abc")
    browser.online("cam1", openssh)
    with growing.open("ab") as file:
        file.write(b"defg")
    os.utime(growing.parent, (time.time() - 3600,) * 2)
    browser.seen("cam1")
    assert [item["size"] for item in browser.clips("cam1", "2026-11-20")] == [7, 3]


def test_what_went_from_the_card_goes_from_the_list(browser: Browser, openssh: CardCamera) -> None:
    for name in ("2026-11-19/08/1-0800.mp4", "2026-11-20/08/1-0800.mp4", "2026-11-20/09/1-0900.mp4"):
        openssh.put(name)
    browser.online("cam1", openssh)
    shutil.rmtree(openssh.card / "2026-11-19")
    (openssh.card / "2026-11-20/08/1-0800.mp4").unlink()
    browser.seen("cam1")
    assert browser.dates("cam1") == ["2026-11-20"]
    assert [item["hour"] for item in browser.clips("cam1", "2026-11-20")] == [9]


def test_names_that_a_shell_or_a_database_would_choke_on(either: Browser, openssh: CardCamera) -> None:
    for name in ODD_NAMES:
        openssh.put(f"2026-11-20/09/{name}", name.encode("utf-8", "surrogateescape"))
    (openssh.card / "2026-11-20/09/link.mp4").symlink_to("/etc/passwd")
    (openssh.card / "2026-11-20/not-an-hour").mkdir()
    (openssh.card / "2026-02-30").mkdir()
    either.online("cam1", openssh)
    found = either.clips("cam1", "2026-11-20")
    assert either.dates("cam1") == ["2026-11-20"]
    contents = {either.get(f"/v1/cameras/cam1/clips/{item['id']}/content").content for item in found}
    assert contents == {name.encode("utf-8", "surrogateescape") for name in ODD_NAMES}
    assert {item["kind"] for item in found} == {"other"}
    archive = either.post("/v1/cameras/cam1/archives", json={"clips": [item["id"] for item in found]})
    assert archive.status_code == 200
    assert not (openssh.card / "x").exists()


def test_a_card_that_is_not_there(browser: Browser, openssh: CardCamera) -> None:
    openssh.card.rmdir()
    browser.add("cam1", openssh)
    browser.seen("cam1")
    browser.accept("cam1", openssh.fingerprint)
    assert browser.seen("cam1")["state"] == "no_card"
    openssh.card.mkdir()
    assert browser.seen("cam1")["state"] == "online"


def test_a_wrong_password_and_the_right_one(browser: Browser, openssh: CardCamera) -> None:
    browser.add("cam1", openssh, password="wrong")
    browser.seen("cam1")
    browser.accept("cam1", openssh.fingerprint)
    assert browser.seen("cam1")["state"] == "wrong_credentials"
    browser.patch("/v1/cameras/cam1", json={"password": openssh.password})
    assert browser.seen("cam1")["state"] == "online"
    browser.patch("/v1/cameras/cam1", json={"password": None, "private_key": openssh.private_key})
    assert browser.seen("cam1")["state"] == "online"


def test_default_credentials_are_tried_where_a_camera_has_none(
    make_browser: MakeBrowser, openssh: CardCamera
) -> None:
    browser = make_browser(camera_user=openssh.user, camera_password=openssh.password)
    state = browser.online("cam1", openssh, password=None, user=None)
    assert (state["credential"], state["user"]) == ("default", "root")


def test_a_key_that_changes_is_not_trusted(browser: Browser, openssh: CardCamera) -> None:
    browser.online("cam1", openssh)
    before = openssh.fingerprint
    openssh.change_key()
    state = browser.seen("cam1")
    assert state["state"] == "host_key_changed"
    assert state["host_key"] == {"state": "changed", "accepted": before, "offered": openssh.fingerprint}
    assert problem(browser.accept("cam1", before)) == (409, "host_key_not_offered")
    browser.accept("cam1", openssh.fingerprint)
    assert browser.seen("cam1")["state"] == "online"


def test_a_camera_outside_the_networks_is_never_connected_to(
    make_browser: MakeBrowser, openssh: CardCamera
) -> None:
    browser = make_browser(camera_networks="10.0.0.0/8")
    browser.add("cam1", openssh)
    assert browser.seen("cam1")["state"] == "camera_host_not_allowed"
    clip = "MjAyNi0xMS0yMC8wOS8xLTA5MDAubXA0"
    assert problem(browser.get(f"/v1/cameras/cam1/clips/{clip}/content")) == (403, "camera_host_not_allowed")


def test_a_moved_camera_shows_its_key_again(browser: Browser, openssh: CardCamera) -> None:
    openssh.put("2026-11-20/09/1-0900.mp4")
    browser.online("cam1", openssh)
    moved = browser.patch("/v1/cameras/cam1", json={"host": "localhost"}).json()
    assert moved["host_key"]["state"] == "never_seen"
    assert browser.seen("cam1")["state"] == "host_key_unknown"
    assert browser.dates("cam1") == []
