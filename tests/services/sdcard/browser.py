"""The SD-card browser for tests: the whole app in process, and what it is asked again and again."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from httpx2 import Response
from starlette.testclient import TestClient

from services.sdcard.app import create_app
from services.sdcard.settings import SdcardSettings
from tests.services.sdcard.openssh import OpenSsh

TOKEN = "token-between-services"
GATEWAY = {
    "X-Darkroom-Service-Token": TOKEN,
    "X-Darkroom-Actor": "ada",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "photos.example",
    "X-Forwarded-Prefix": "/api/sdcard",
}
BASE = "https://photos.example/api/sdcard"
WAIT = 20


class Reachable(Protocol):
    """A camera that tests can reach, as far as the service has to know it."""

    host: str
    port: int
    user: str
    password: str
    card_path: str
    config_path: str

    @property
    def fingerprint(self) -> str:
        """Of its host key."""


class CardCamera(OpenSsh):
    """OpenSSH's server over a folder of real files."""

    def __init__(self, folder: Path, card: Path | None = None) -> None:
        super().__init__(folder / "ssh")
        self.card = card or folder / "card"
        self.card.mkdir(exist_ok=True)
        self.card_path = str(self.card)
        self.config = folder / "camera.ini"
        self.config_path = str(self.config)

    def stop_listening(self) -> None:
        """Off: nothing is at its port."""
        self.close()

    def listen_again(self) -> None:
        """On again, with the same key at the same port."""
        self._start()

    def put(self, path: str, content: bytes = b"", age: float = 3600.0) -> Path:
        """A file of the card, as if it and its folder had been written `age` seconds ago."""
        target = self.card / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        moment = time.time() - age
        for place in (target, target.parent):
            os.utime(place, (moment, moment))
        return target


class Browser(TestClient):
    """Calls as the gateway makes them, for the key `ada`."""

    folder: Path

    def add(self, camera_id: str, camera: Reachable, **given: Any) -> Response:
        """POST of a camera with its credentials, unless told otherwise."""
        names = ("host", "port", "user", "password", "card_path", "config_path")
        body = {"id": camera_id, **{name: getattr(camera, name) for name in names}, **given}
        return self.post("/v1/cameras", json={key: value for key, value in body.items() if value is not None})

    def accept(self, camera_id: str, fingerprint: str) -> Response:
        """POST of its key."""
        return self.post(f"/v1/cameras/{camera_id}/host-key", json={"fingerprint": fingerprint})

    def online(self, camera_id: str, camera: Reachable, **given: Any) -> dict[str, Any]:
        """Add a camera, accept its key, and wait for its first listing: the state."""
        assert self.add(camera_id, camera, **given).status_code == 201
        assert self.seen(camera_id)["state"] == "host_key_unknown"
        assert self.accept(camera_id, camera.fingerprint).status_code == 200
        state = self.seen(camera_id)
        assert state["state"] == "online", state
        return state

    def seen(self, camera_id: str) -> dict[str, Any]:
        """The camera's state, once it has been asked."""
        answer = self.get(f"/v1/cameras/{camera_id}", params={"wait": WAIT})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def dates(self, camera_id: str) -> list[str]:
        """The dates on the card, as listed."""
        answer = self.get(f"/v1/cameras/{camera_id}/dates", params={"wait": WAIT})
        return [item["date"] for item in answer.json()["items"]]

    def clips(self, camera_id: str, date: str, **query: Any) -> list[dict[str, Any]]:
        """The files of a date, newest first."""
        path = f"/v1/cameras/{camera_id}/dates/{date}/clips"
        found: list[dict[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None:
            given = {"limit": 1000, **query, **({"cursor": cursor} if cursor else {})}
            answer = self.get(path, params=given)
            assert answer.status_code == 200, answer.text
            found += answer.json()["items"]
            cursor = answer.json()["next_cursor"]
        return found

    def scan(self, camera_id: str, **wanted: Any) -> dict[str, Any]:
        """A scan, once it has ended."""
        started = self.post(f"/v1/cameras/{camera_id}/scans", json=wanted)
        assert started.status_code == 202, started.text
        return self.ended(started.json()["id"])

    def ended(self, job_id: int) -> dict[str, Any]:
        """A job, once it has ended."""
        job: dict[str, Any] = self.get(f"/v1/jobs/{job_id}", params={"wait": WAIT}).json()
        assert job["state"] in {"finished", "failed", "cancelled"}, job
        return job

    def events(self, after: int = 0) -> list[dict[str, Any]]:
        """What has happened, as CloudEvents."""
        text = self.get("/v1/events", params={"after": after, "follow": "false"}).text
        blocks = text.split("\n\n")[1:]
        return [json.loads(block.split("data: ", 1)[1]) for block in blocks if block]


MakeBrowser = Callable[..., Browser]


def start_browser(folder: Path, **given: Any) -> Browser:
    """A browser to be used as a context manager; this machine is among the networks of cameras."""
    values = {
        "data_dir": folder, "service_token": TOKEN, "access_log": False, "camera_networks": "127.0.0.0/8",
        "connects_per_minute": 1000, "stale_seconds": 0.001, "config_ini": None, "camera_user": "",
        "camera_password": "", **given,
    }  # fmt: skip
    app = create_app(SdcardSettings(**values))
    browser = Browser(app, headers=GATEWAY, raise_server_exceptions=False)
    browser.folder = Path(values["data_dir"])
    return browser
