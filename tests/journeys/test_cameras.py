"""A test engineer looks at a camera's card through the gateway; and the service is killed while it scans."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from PIL import Image

from demo.card import CardPlan, make_card
from demo.clips import ClipPlan
from demo.simulated import SimulatedCamera
from tests.conftest import StartStack
from tests.journeys.events import Program
from tests.scripts.stack_process import wait_until
from tests.stack import Stack

PLAN = CardPlan(days=1, hours=2, clips_per_hour=20, clip=ClipPlan(seconds=1.0))
DATE = PLAN.last.isoformat()
CAMERAS = "/api/sdcard/v1/cameras"
ENDED = {"finished", "failed", "cancelled"}


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[SimulatedCamera]:
    """A camera with two hours of clips."""
    make_card(tmp_path / "card", PLAN)
    with SimulatedCamera(tmp_path / "card") as made:
        yield made


@pytest.fixture
def stack(camera: SimulatedCamera, tmp_path: Path, start_stack: StartStack) -> Stack:
    """A stack whose file of cameras names it, and whose networks of cameras are this machine's."""
    ini = tmp_path / "cameras.ini"
    ini.write_text(
        f"[defaults]\nhost = {{id}}.invalid\n[Field-7]\nhost = {camera.host}\nport = {camera.port}\n"
        f"config_path = {camera.config_path}\n"
    )
    return start_stack(
        services="sdcard imagestore",
        CONFIG_INI=str(ini), CAMUSERID=camera.user, CAMPASSWORD=camera.password,
        DARKROOM_SDCARD_CAMERA_NETWORKS="127.0.0.0/8", DARKROOM_SDCARD_STALE_SECONDS="0.5",
        DARKROOM_SDCARD_SCAN_CONNECTIONS="1",
    )  # fmt: skip


def trust(client: httpx2.Client, camera: SimulatedCamera) -> dict[str, Any]:
    """Type the id, compare the fingerprint, accept it: the state."""
    seen = client.get(f"{CAMERAS}/FIELD-7", params={"wait": 20}).json()
    assert (seen["state"], seen["host_key"]["offered"]) == ("host_key_unknown", camera.fingerprint)
    accepted = client.post(f"{CAMERAS}/field-7/host-key", json={"fingerprint": camera.fingerprint})
    assert accepted.status_code == 200
    found: dict[str, Any] = client.get(f"{CAMERAS}/field-7", params={"wait": 20}).json()
    return found


def test_from_an_id_to_a_playing_clip(stack: Stack, camera: SimulatedCamera) -> None:
    with stack.client() as client, Program(stack, "sdcard.camera.field-7.*", "sdcard.job.*") as program:
        state = trust(client, camera)
        assert (state["state"], state["dates"], state["clips"]) == ("online", 1, 39)
        assert program.listen(1, lambda subject: subject == "cameras/field-7")[0]["type"].startswith(
            "sdcard."
        )
        job = client.post(f"{CAMERAS}/field-7/scans", json={"date": DATE}).json()
        while program.listen(1)[0]["type"] != "sdcard.job.finished":
            pass
        assert client.get(f"/api/sdcard/v1/jobs/{job['id']}").json()["progress"]["done"] == 39
        clips = client.get(f"{CAMERAS}/field-7/dates/{DATE}/clips", params={"hour": 10}).json()["items"]
        assert {clip["properties"]["codec"] for clip in clips} == {"h264"}
        url = clips[0]["content_url"]
        assert url.startswith(f"{stack.gateway_url}{CAMERAS}/field-7/clips/")
        whole = client.get(url)
        part = client.get(url, headers={"Range": "bytes=4-7"})
        assert (part.status_code, part.content) == (206, b"ftyp")
        assert (len(whole.content), whole.headers["content-type"]) == (clips[0]["size"], "video/mp4")
        thumbnail = client.get(clips[0]["thumbnail_url"]).content
        assert Image.open(io.BytesIO(thumbnail)).format == "JPEG"
        chart = client.get(f"{CAMERAS}/field-7/quality.png", params={"date": DATE}).content
        assert Image.open(io.BytesIO(chart)).format == "PNG"
        tried = client.get(f"{CAMERAS}/mistyped", params={"wait": 20}).json()
        assert tried["state"] == "camera_unreachable"


def test_a_key_that_only_reads_may_take_a_zip_and_begin_no_scan(
    stack: Stack, camera: SimulatedCamera
) -> None:
    with stack.client() as admin:
        trust(admin, camera)
        made = admin.post("/v1/keys", json={"name": "reader", "scopes": ["read"]}).json()
    with stack.client(Authorization=f"Bearer {made['key']}") as reader:
        clips = reader.get(f"{CAMERAS}/field-7/dates/{DATE}/clips").json()["items"]
        wanted = {"clips": [clip["id"] for clip in clips]}
        archive = reader.post(f"{CAMERAS}/field-7/archives", json=wanted)
        with zipfile.ZipFile(io.BytesIO(archive.content)) as found:
            assert found.testzip() is None
            assert len(found.namelist()) == len(clips)
        refused = reader.post(f"{CAMERAS}/field-7/scans", json={})
        assert (refused.status_code, refused.json()["code"]) == (403, "scope_required")


def test_a_scan_goes_on_after_the_service_was_killed(stack: Stack, camera: SimulatedCamera) -> None:
    with stack.client() as client:
        trust(client, camera)
        camera.tell("delay 0.05")
        job = client.post(f"{CAMERAS}/field-7/scans", json={}).json()["id"]
        path = f"/api/sdcard/v1/jobs/{job}"
        wait_until(lambda: client.get(path).json()["progress"]["done"] > 2, stack.troubles)
        stack.wait_until_back("sdcard", stack.kill("sdcard"))
        camera.tell("delay 0")
        wait_until(lambda: client.get(path).json()["state"] in ENDED, stack.troubles)
        ended = client.get(path).json()
        assert (ended["state"], ended["progress"]) == ("finished", {"total": 39, "done": 39, "failed": 0})
        assert ended["result"]["known"] > 2  # what was read before it was killed was not read again
        clips = client.get(f"{CAMERAS}/field-7/dates/{DATE}/clips", params={"limit": 1000}).json()["items"]
        assert all(clip["properties"] for clip in clips if clip["kind"] == "clip")
