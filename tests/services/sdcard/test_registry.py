"""The registry of cameras: seeded, changed by hand, credentials never given out."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.postgres import NewDatabase
from tests.services.imagestore.store import problem
from tests.services.sdcard.browser import BASE, Browser, CardCamera, MakeBrowser

INI = """
[defaults]
host = {id}.invalid
user = root
model = X1
[CAM-7]
host = 10.0.0.7
port = 2222
config_path = /etc/cam.ini
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def seeded(
    request: pytest.FixtureRequest, make_browser: MakeBrowser, tmp_path: Path, new_database: NewDatabase
) -> Any:
    """Starts a browser with the INI file above, again and again on the same database."""
    ini = tmp_path / "cameras.ini"
    ini.write_text(INI)
    url = new_database() if request.param == "postgresql" else ""
    return lambda: make_browser(config_ini=ini, database_url=url, stale_seconds=3600)


def known(browser: Browser, camera_id: str) -> dict[str, Any]:
    """What the list says of a camera."""
    items = {item["id"]: item for item in browser.get("/v1/cameras").json()["items"]}
    found: dict[str, Any] = items[camera_id]
    return found


def test_a_section_is_a_camera_under_its_id_in_any_case(seeded: Any) -> None:
    browser = seeded()
    camera = known(browser, "cam-7")
    expected = {
        "id": "cam-7", "name": "CAM-7", "host": "10.0.0.7", "port": 2222, "user": "root", "model": "X1",
        "card_path": "/mnt/sdcard", "config_path": "/etc/cam.ini", "source": "ini", "credential": "none",
        "host_key": {"state": "never_seen", "accepted": None, "offered": None}, "version": 1,
        "url": f"{BASE}/v1/cameras/cam-7", "state": "never_seen",
    }  # fmt: skip
    assert {key: camera[key] for key in expected} == expected
    assert browser.patch("/v1/cameras/Cam-7", json={"model": "X2"}).json()["id"] == "cam-7"


def test_seeding_again_keeps_what_somebody_changed_or_deleted(seeded: Any, tmp_path: Path) -> None:
    first = seeded()
    assert seeded().get("/v1/cameras").json()["items"][0]["version"] == 1  # nothing differs: nothing written
    (tmp_path / "cameras.ini").write_text(INI.replace("2222", "2223"))
    assert known(seeded(), "cam-7")["port"] == 2223
    first.patch("/v1/cameras/cam-7", json={"model": "mine"})
    (tmp_path / "cameras.ini").write_text(INI.replace("2222", "2224"))
    camera = known(seeded(), "cam-7")
    assert (camera["port"], camera["model"], camera["source"]) == (2223, "mine", "rest")
    assert first.delete("/v1/cameras/CAM-7").status_code == 204
    browser = seeded()
    assert browser.get("/v1/cameras").json()["items"] == []
    assert problem(browser.get("/v1/cameras/cam-7")) == (404, "camera_not_found")
    added = browser.post("/v1/cameras", json={"id": "cam-7", "host": "10.0.0.9"}).json()
    assert (added["host"], added["port"], added["user"], added["version"]) == ("10.0.0.9", 22, "root", 5)


def test_an_id_that_is_not_listed_is_reached_by_the_pattern(seeded: Any) -> None:
    browser = seeded()
    camera = browser.seen("Yard9")
    assert (camera["id"], camera["host"], camera["source"]) == ("yard9", "Yard9.invalid", "pattern")
    assert camera["state"] == "camera_unreachable"
    assert [item["id"] for item in browser.get("/v1/cameras").json()["items"]] == [
        "cam-7"
    ]  # it was only tried
    assert browser.post("/v1/cameras", json={"id": "gate"}).json()["host"] == "gate.invalid"


def test_credentials_go_in_and_never_come_out(seeded: Any, tmp_path: Path, openssh: CardCamera) -> None:
    browser = seeded()
    private = openssh.private_key
    answers = [
        browser.post("/v1/cameras", json={"id": "a", "host": "10.0.0.1", "password": "geheim-1"}),
        browser.patch("/v1/cameras/a", json={"password": "geheim-2"}),
        browser.patch("/v1/cameras/cam-7", json={"private_key": private}),
        browser.get("/v1/cameras"),
        browser.post("/v1/cameras", json={"id": "b", "host": "10.0.0.1", "password": "geheim-3", "no": 1}),
        browser.patch("/v1/cameras/a", json={"password": ["geheim-4"]}),
        browser.patch("/v1/cameras/a", json={"private_key": "geheim-5"}),
    ]
    assert [answer.status_code for answer in answers] == [201, 200, 200, 200, 422, 422, 422]
    said = " ".join(answer.text for answer in [*answers, browser.get("/v1/events?after=0&follow=false")])
    assert "geheim" not in said
    assert private.splitlines()[1] not in said
    assert [known(browser, one)["credential"] for one in ("a", "cam-7")] == ["password", "private_key"]
    kept = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert b"geheim" not in kept
    assert browser.patch("/v1/cameras/a", json={"password": None}).json()["credential"] == "none"


def test_secrets_are_sealed_in_the_database(browser: Browser) -> None:
    browser.post("/v1/cameras", json={"id": "a", "host": "10.0.0.1", "password": "geheim"})
    with sqlite3.connect(browser.folder / "sdcard/sdcard.db") as database:
        (sealed,) = database.execute("SELECT password FROM cameras").fetchone()
    database.close()
    assert sealed.startswith("gAAAA")


def test_credentials_that_another_key_sealed_have_to_be_set_again(
    make_browser: MakeBrowser, openssh: CardCamera
) -> None:
    first = make_browser()
    first.online("a", openssh)
    first.__exit__()
    (first.folder / "sdcard/credentials.key").unlink()
    second = make_browser()
    assert second.seen("a")["state"] == "credentials_unreadable"
    assert second.patch("/v1/cameras/a", json={"password": openssh.password}).status_code == 200
    assert second.seen("a")["state"] == "online"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"id": "a b", "host": "h"}, "validation_failed"),
        ({"id": "a", "host": "h;rm"}, "validation_failed"),
        ({"id": "a", "host": "h", "port": 0}, "validation_failed"),
        ({"id": "a", "host": "h", "card_path": "relative"}, "validation_failed"),
        ({"id": "a", "host": "h", "user": "a:b"}, "validation_failed"),
        ({"id": "a"}, "host_needed"),
    ],
)
def test_what_makes_no_camera_is_refused(browser: Browser, body: dict[str, Any], code: str) -> None:
    assert problem(browser.post("/v1/cameras", json=body)) == (422, code)
    assert browser.get("/v1/cameras").json()["items"] == []


def test_changes_can_be_made_to_depend_on_what_was_seen(browser: Browser) -> None:
    made = browser.post("/v1/cameras", json={"id": "a", "host": "10.0.0.1"})
    assert made.headers["location"] == f"{BASE}/v1/cameras/a"
    assert problem(browser.post("/v1/cameras", json={"id": "A", "host": "10.0.0.2"})) == (
        409,
        "camera_exists",
    )
    old = {"If-Match": made.headers["etag"]}
    new = browser.patch("/v1/cameras/a", json={"port": 2200}, headers=old)
    assert (new.json()["port"], new.json()["version"]) == (2200, 2)
    assert problem(browser.patch("/v1/cameras/a", json={"port": 1}, headers=old)) == (
        412,
        "precondition_failed",
    )
    assert problem(browser.delete("/v1/cameras/a", headers=old)) == (412, "precondition_failed")
    assert browser.delete("/v1/cameras/a", headers={"If-Match": new.headers["etag"]}).status_code == 204
    assert problem(browser.patch("/v1/cameras/a", json={"port": 1})) == (404, "camera_not_found")
    assert [event["type"] for event in browser.events()] == [
        "sdcard.camera.created", "sdcard.camera.updated", "sdcard.camera.deleted",
    ]  # fmt: skip


def test_pages_go_on_where_the_last_one_ended(browser: Browser) -> None:
    for number in range(5):
        browser.post("/v1/cameras", json={"id": f"cam{number}", "host": "10.0.0.1"})
    first = browser.get("/v1/cameras?limit=3").json()
    second = browser.get("/v1/cameras", params={"limit": 3, "cursor": first["next_cursor"]}).json()
    assert [item["id"] for item in first["items"] + second["items"]] == [f"cam{n}" for n in range(5)]
    assert second["next_cursor"] is None


def test_a_file_of_cameras_that_cannot_be_read_ends_the_start(
    make_browser: MakeBrowser, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="CONFIG_INI"):
        make_browser(config_ini=tmp_path / "none.ini")
    broken = tmp_path / "broken.ini"
    broken.write_text("[a]\nport = 22\n")
    with pytest.raises(ValueError, match="no host"):
        make_browser(config_ini=broken)
