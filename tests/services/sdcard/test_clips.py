"""Clips behind both servers: bytes, properties, pictures, archives and figures."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.postgres import NewDatabase
from tests.services.imagestore.store import problem
from tests.services.sdcard.browser import BASE, Browser, CardCamera, MakeBrowser, Reachable

DATE = "2026-11-20"
MISSING_CLIP = "MjAyNi0xMS0yMC8wOS8xLTA5NTkubXA0"  # 2026-11-20/09/1-0959.mp4


@pytest.fixture
def online(browser: Browser, camera: Reachable) -> Browser:
    """A browser with the sample camera, listed."""
    browser.online("cam1", camera)
    return browser


def clip(browser: Browser, place: int, hour: int = 9, camera: str = "cam1") -> dict[str, Any]:
    """The n-th file of an hour by time."""
    found: dict[str, Any] = list(reversed(browser.clips(camera, DATE, hour=hour)))[place]
    return found


def path(item: dict[str, Any], what: str = "") -> str:
    """Where a clip is asked for."""
    return f"/v1/cameras/cam1/clips/{item['id']}{what}"


def on_disk(card: Path, item: dict[str, Any]) -> bytes:
    """What the card holds under the clip's name."""
    place: Path = card / item["date"] / f"{item['hour']:02d}" / item["name"]
    return place.read_bytes()


def test_bytes_and_parts_of_them(online: Browser, sample_card: Path) -> None:
    item = clip(online, 0)
    content = on_disk(sample_card, item)
    whole = online.get(path(item, "/content"))
    assert (whole.status_code, whole.content) == (200, content)
    assert whole.headers["content-type"] == "video/mp4"
    assert whole.headers["content-disposition"].startswith("inline;")
    assert whole.headers["x-content-type-options"] == "nosniff"
    etag = whole.headers["etag"]
    for wanted, status, expected in (
        ("bytes=0-0", 206, content[:1]),
        ("bytes=100-", 206, content[100:]),
        ("bytes=-7", 206, content[-7:]),
        (f"bytes=5-{len(content) + 99}", 206, content[5:]),
        ("bytes=1-2,5-6", 200, content),
    ):
        part = online.get(path(item, "/content"), headers={"Range": wanted})
        assert (part.status_code, part.content) == (status, expected)
    outside = online.get(path(item, "/content"), headers={"Range": f"bytes={len(content)}-"})
    assert problem(outside) == (416, "range_not_satisfiable")
    assert online.get(path(item, "/content"), headers={"If-None-Match": etag}).status_code == 304
    stale = {"Range": "bytes=0-0", "If-Range": '"other"'}
    assert online.get(path(item, "/content"), headers=stale).content == content
    head = online.head(path(item, "/content"))
    assert (head.headers["content-length"], head.content) == (str(len(content)), b"")
    kept = online.get(path(item, "/content"), params={"download": "true"})
    assert kept.headers["content-disposition"].startswith("attachment;")


def test_what_is_no_clip_is_never_shown_inline(online: Browser, openssh: CardCamera) -> None:
    openssh.put(f"{DATE}/09/1-0900.mp4", b"<html><script>alert(1)</script>")
    openssh.put(f"{DATE}/09/page.html", b"<html>")
    online.online("other", openssh)
    for item in online.clips("other", DATE):
        answer = online.get(f"/v1/cameras/other/clips/{item['id']}/content")
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment;")


def test_properties_are_read_when_a_clip_is_opened(online: Browser) -> None:
    found = online.get(path(clip(online, 0))).json()
    expected = {"state": "whole", "codec": "h264", "width": 320, "height": 240, "fps": 25.0, "frames": 25}
    assert {key: found["properties"][key] for key in expected} == expected
    assert found["properties"]["duration"] == pytest.approx(1.0, abs=0.05)
    assert found["properties"]["kbps"] == pytest.approx(found["size"] * 8 / 1000, rel=0.05)
    assert found["properties"]["playable"] is True
    assert found["content_url"] == f"{BASE}{path(found, '/content')}"
    assert clip(online, 0)["properties"] == found["properties"]  # and is remembered


def test_odd_clips_are_said_to_be_so(online: Browser) -> None:
    states = [online.get(path(clip(online, place))).json()["properties"] for place in range(5)]
    assert [one["state"] for one in states] == ["whole", "whole", "truncated", "truncated", "broken"]
    codecs = {one["properties"]["codec"]: one["properties"]["playable"]
              for one in (online.get(path(clip(online, place))).json() for place in (5, 6))}  # fmt: skip
    assert codecs in ({"h264": True, "hevc": False}, {"h264": True})
    assert problem(online.get(path(clip(online, 4), "/thumbnail.jpg"))) == (422, "no_picture")
    assert online.get(path(clip(online, 4), "/content")).status_code == 200


def test_pictures(online: Browser) -> None:
    item = clip(online, 0)
    thumbnail = online.get(path(item, "/thumbnail.jpg"))
    assert thumbnail.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(thumbnail.content)).size == (320, 240)
    tag = thumbnail.headers["etag"]
    again = online.get(path(item, "/thumbnail.jpg"), headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    preview = online.get(path(item, "/preview.gif"))
    assert preview.headers["content-type"] == "image/gif"
    assert Image.open(io.BytesIO(preview.content)).format == "GIF"
    notes = next(one for one in online.clips("cam1", DATE, hour=9) if one["kind"] == "other")
    assert problem(online.get(path(notes, "/thumbnail.jpg"))) == (422, "no_picture")


def test_what_is_not_there(online: Browser) -> None:
    for what in ("", "/content", "/thumbnail.jpg", "/preview.gif"):
        assert problem(online.get(path({"id": MISSING_CLIP}, what))) == (404, "clip_not_found")
        assert problem(online.get(path({"id": "Li4vLi4"}, what))) == (422, "invalid_clip_id")
    assert problem(online.get(f"/v1/cameras/none/clips/{MISSING_CLIP}")) == (404, "camera_not_found")


def test_a_zip_of_several(online: Browser, sample_card: Path) -> None:
    items = online.clips("cam1", DATE, hour=9)
    wanted = [item["id"] for item in items] + [MISSING_CLIP]
    answer = online.post("/v1/cameras/cam1/archives", json={"clips": wanted, "filename": "hour 9.zip"})
    assert answer.headers["content-disposition"].startswith('attachment; filename="hour 9.zip"')
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        for item in items:
            assert archive.read(f"{DATE}/09/{item['name']}") == on_disk(sample_card, item)
        assert archive.read("ERRORS.txt").decode().startswith(f"{DATE}/09/1-0959.mp4: ")
        assert len(archive.namelist()) == len(items) + 1
    none = online.post("/v1/cameras/cam1/archives", json={"clips": [MISSING_CLIP]})
    assert problem(none) == (404, "clip_not_found")


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_figures_of_a_scanned_card(
    kind: str, make_browser: MakeBrowser, new_database: NewDatabase, sample_cameras: Any
) -> None:
    browser = make_browser(database_url=new_database() if kind == "postgresql" else "")
    browser.online("cam1", sample_cameras("simulated"))
    job = browser.scan("cam1", date=DATE)
    assert (job["state"], job["progress"]) == ("finished", {"total": 35, "done": 35, "failed": 0})
    usage = browser.get("/v1/cameras/cam1/usage", params={"by": "half_hour", "date": DATE}).json()
    assert [(item["start_local"], item["clips"]) for item in usage["items"]] == [
        (f"{DATE}T{clock}:00", count)
        for clock, count in (
            ("09:00", 5), ("09:30", 6), ("10:00", 6), ("10:30", 6), ("11:00", 6), ("11:30", 6)
        )
    ]  # fmt: skip
    files = [item for item in browser.clips("cam1", DATE) if item["kind"] == "clip"]
    assert usage["size"] == sum(item["size"] for item in files)
    quality = browser.get("/v1/cameras/cam1/quality", params={"date": DATE}).json()
    half = quality["items"][3]
    assert (half["clips"], half["read"], half["mean_fps"]) == (6, 6, 25.0)
    assert half["resolutions"] == [{"resolution": "320x240", "clips": 6}]
    assert (half["frame_mode"], half["recording_mode"]) == ("higher_image_quality", "continuous")
    assert quality["unread"] == 2  # the broken ones have no duration
    since_boost, after_a_second = quality["gaps"][:2]
    assert (since_boost["start_local"], since_boost["end_local"]) == (f"{DATE}T06:00:00", f"{DATE}T09:00:00")
    assert (after_a_second["start_local"], after_a_second["seconds"]) == (f"{DATE}T09:00:01", 299.0)
    assert after_a_second["recording_mode"] == "continuous"
    lines = browser.get("/v1/cameras/cam1/quality.csv", params={"date": DATE}).text.splitlines()
    assert lines[0] == "timeStamp,time,ave_kbps,ave_fps,resolute,frame_mode,sd_rec_mode"
    assert lines[4].startswith(f"{DATE} 10:30:00,10:30,")
    assert lines[4].endswith(",25.00,320x240,higher_image_quality,continuous")


def test_charts_are_pictures_and_csv_is_text(make_browser: MakeBrowser, sample_cameras: Any) -> None:
    online = make_browser()
    online.online("cam1", sample_cameras("simulated"))
    for what in ("usage", "quality"):
        png = online.get(f"/v1/cameras/cam1/{what}.png", params={"date": DATE})
        assert Image.open(io.BytesIO(png.content)).format == "PNG"
        svg = online.get(f"/v1/cameras/cam1/{what}.svg")
        assert svg.text.startswith("<?xml")
        assert svg.headers["content-disposition"].startswith("attachment")
        assert svg.headers["content-security-policy"] == "default-src 'none'; sandbox"
        table = online.get(f"/v1/cameras/cam1/{what}.csv")
        assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert problem(online.get("/v1/cameras/cam1/usage", params={"date": "2026-02-30"})) == (
        422,
        "invalid_date",
    )


def test_openapi_names_every_answer(browser: Browser) -> None:
    document = json.loads(browser.get("/openapi.json").text)
    answers = document["paths"]["/v1/cameras/{camera_id}/clips/{clip_id}/thumbnail.jpg"]["get"]["responses"]
    assert "image/jpeg" in answers["200"]["content"]
