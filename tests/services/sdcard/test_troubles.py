"""A camera that stops in the middle, a client that leaves: told in time, and nothing is left behind."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from demo.ports import free_port
from services.sdcard.app import create_app
from services.sdcard.settings import SdcardSettings
from tests.gateway.serving import Serving, wait_until
from tests.services.sdcard.browser import TOKEN, Browser, CardCamera, MakeBrowser
from tests.services.sdcard.openssh import OpenSsh

CLIP = "2026-11-20/09/1-0900.mp4"
LARGE = bytes(range(256)) * 4 * 1024 * 40  # 40 MiB: more than is on its way to a client that takes little
TAKES_LITTLE = [(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)]  # else the kernel takes up to 32 MiB for it
QUICK: dict[str, Any] = {
    "channel_seconds": 1.0,
    "connect_seconds": 1.0,
    "banner_seconds": 1.0,
    "auth_seconds": 1.0,
}


def threads() -> set[str]:
    """Those that work for cameras."""
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("camera-cam")}


def sockets() -> int:
    """How many sockets this process has open. (Its database may open a further file at any time.)"""
    count = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            count += str(descriptor.readlink()).startswith("socket:")
    return count


@pytest.fixture
def other(tmp_path: Path) -> Iterator[CardCamera]:
    """A second camera, which is well."""
    camera = CardCamera(tmp_path / "other")
    camera.put("2026-11-20/09/1-0900.mp4", b"well")
    yield camera
    camera.close()


def two(browser: Browser, openssh: CardCamera, other: CardCamera) -> None:
    """Both cameras, listed."""
    openssh.put(CLIP, LARGE)
    browser.online("cam1", openssh)
    browser.online("cam2", other)


def content(browser: Browser, camera: str) -> httpx2.Response:
    """The clip of a camera."""
    item = browser.clips(camera, "2026-11-20")[0]
    return browser.get(f"/v1/cameras/{camera}/clips/{item['id']}/content")


def test_a_stopped_camera_is_told_of_and_holds_up_no_other(
    make_browser: MakeBrowser, openssh: CardCamera, other: CardCamera
) -> None:
    browser = make_browser(**QUICK)
    two(browser, openssh, other)
    openssh.stop()
    try:
        stopped: list[httpx2.Response] = []
        asking = [
            threading.Thread(target=lambda: stopped.append(content(browser, "cam1"))) for _ in range(10)
        ]
        for thread in asking:
            thread.start()
        assert content(browser, "cam2").content == b"well"
        assert browser.seen("cam2")["state"] == "online"
        for thread in asking:
            thread.join()
        assert {answer.status_code for answer in stopped} <= {503, 504}
        assert 504 in {answer.status_code for answer in stopped}
        assert browser.seen("cam1")["state"] in {"camera_timeout", "camera_unreachable"}
        assert browser.dates("cam1") == ["2026-11-20"]
    finally:
        openssh.go_on()
    wait_until(lambda: browser.seen("cam1")["state"] == "online")
    assert content(browser, "cam1").content == LARGE
    wait_until(lambda: not threads())


def test_nothing_is_left_over_after_many_rounds_of_it(make_browser: MakeBrowser, openssh: CardCamera) -> None:
    browser = make_browser(**QUICK | {"backoff_seconds": 0.01, "sessions": 1})  # a second may come and stay
    openssh.put(CLIP, b"abc")
    browser.online("cam1", openssh)
    assert content(browser, "cam1").content == b"abc"
    before = sockets()
    for _ in range(20):
        openssh.cut()
        content(browser, "cam1")
    wait_until(lambda: content(browser, "cam1").status_code == 200)
    wait_until(lambda: not threads())
    wait_until(lambda: sockets() <= before)


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    """The service behind a real server."""
    values: dict[str, Any] = {
        "data_dir": tmp_path / "served", "service_token": TOKEN, "access_log": False, "port": free_port(),
        "camera_networks": "127.0.0.0/8", "config_ini": None, "stale_seconds": 0.001, **QUICK,
    }  # fmt: skip
    running = Serving(create_app(SdcardSettings(**values)))
    yield running
    running.stop()


@pytest.fixture
def client(serving: Serving, openssh: CardCamera) -> Iterator[httpx2.Client]:
    """With a camera that has one large clip."""
    openssh.put(CLIP, LARGE)
    headers = {"X-Darkroom-Service-Token": TOKEN}
    transport = httpx2.HTTPTransport(socket_options=TAKES_LITTLE)
    with httpx2.Client(base_url=serving.url, headers=headers, timeout=30, transport=transport) as made:
        body = {"id": "cam1", "host": openssh.host, "port": openssh.port, "password": openssh.password}
        made.post("/v1/cameras", json={**body, "card_path": openssh.card_path}).raise_for_status()
        made.get("/v1/cameras/cam1", params={"wait": 20})
        made.post("/v1/cameras/cam1/host-key", json={"fingerprint": openssh.fingerprint}).raise_for_status()
        assert made.get("/v1/cameras/cam1", params={"wait": 20}).json()["state"] == "online"
        yield made


def large(client: httpx2.Client) -> str:
    """Where the large clip is."""
    found = client.get("/v1/cameras/cam1/dates/2026-11-20/clips").json()["items"][0]
    return f"/v1/cameras/cam1/clips/{found['id']}/content"


def readers(camera: OpenSsh, name: str) -> int:
    """How many descriptors the camera's server has on a file."""
    count = 0
    for pid in camera._processes():
        for descriptor in Path(f"/proc/{pid}/fd").glob("*"):
            try:
                count += str(descriptor.readlink()).endswith(name)
            except FileNotFoundError:
                continue
    return count


def test_a_client_that_leaves_ends_the_reading(client: httpx2.Client, openssh: CardCamera) -> None:
    with client.stream("GET", large(client)) as answer:
        assert answer.headers["content-length"] == str(len(LARGE))
        pieces = answer.iter_raw(65_536)  # held: without it the client would leave at once
        first = next(pieces)
        assert first == LARGE[: len(first)]
        assert readers(openssh, CLIP) == 1
    wait_until(lambda: readers(openssh, CLIP) == 0)
    assert client.get(large(client), headers={"Range": "bytes=-5"}).content == LARGE[-5:]
    wait_until(lambda: not threads())


def read_and_stop(client: httpx2.Client, path: str, camera: CardCamera) -> None:
    """Begin to read the clip, and stop the camera behind it."""
    with client.stream("GET", path) as answer:
        pieces = answer.iter_raw(65_536)
        next(pieces)
        camera.stop()
        for _ in pieces:
            pass


def test_a_camera_that_stops_in_the_middle_of_a_clip_ends_the_answer(
    client: httpx2.Client, openssh: CardCamera
) -> None:
    path = large(client)
    try:
        with pytest.raises(httpx2.RemoteProtocolError):
            read_and_stop(client, path, openssh)
        late = client.get(path)
        assert (late.status_code, late.json()["code"]) == (504, "camera_timeout")
    finally:
        openssh.go_on()
    wait_until(lambda: client.get(path, headers={"Range": "bytes=0-3"}).status_code == 206)
    assert client.get(path).content == LARGE
