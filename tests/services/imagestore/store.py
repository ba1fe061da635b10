"""The image store for tests: the whole app in process, and small pictures to put into it."""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from httpx2 import Response
from PIL import Image
from starlette.testclient import TestClient

from services.imagestore.app import create_app
from services.imagestore.settings import ImageStoreSettings
from tests.shared.imaging_samples import saved

TOKEN = "token-between-services"
GATEWAY = {
    "X-Darkroom-Service-Token": TOKEN,
    "X-Darkroom-Actor": "ada",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "photos.example",
    "X-Forwarded-Prefix": "/api/imagestore",
}


def picture(seed: int = 0, size: tuple[int, int] = (12, 8), kind: str = "PNG") -> bytes:
    """A small picture; another seed gives other bytes."""
    colour = (seed % 256, seed // 256 % 256, 99)
    return saved(Image.new("RGB", size, colour), kind)


def sha256(content: bytes) -> str:
    """The digest as the store names it."""
    return hashlib.sha256(content).hexdigest()


class Store(TestClient):
    """Calls as the gateway makes them, for the key `ada`."""

    folder: Path

    def upload(self, *files: tuple[str, bytes]) -> Response:
        """POST of files (name, content)."""
        return self.post("/v1/images", files=[("files", file) for file in files])

    def put_image(self, name: str, content: bytes, **headers: str) -> Response:
        """PUT of one."""
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        return self.put(f"/v1/images/{name}", content=content, headers=named)

    def names(self, **query: Any) -> list[str]:
        """The names that a search finds, in its order."""
        answer = self.get("/v1/images", params=query)
        assert answer.status_code == 200, answer.text
        return [image["name"] for image in answer.json()["items"]]

    def events(self, after: int = 0) -> list[dict[str, Any]]:
        """What has happened, as CloudEvents."""
        text = self.get("/v1/events", params={"after": after, "follow": "false"}).text
        blocks = text.split("\n\n")[1:]
        return [json.loads(block.split("data: ", 1)[1]) for block in blocks if block]

    def stored(self) -> set[str]:
        """The digests whose bytes are in the blob store."""
        return {path.name for path in (self.folder / "imagestore/blobs/blobs").glob("*/*")}

    def left_over(self) -> list[Path]:
        """Temporary files that should be gone."""
        return list((self.folder / "imagestore/blobs/.staging").iterdir())


MakeStore = Callable[..., Store]


def start_store(folder: Path, **given: Any) -> Store:
    """A store to be used as a context manager."""
    values = {"data_dir": folder, "service_token": TOKEN, "access_log": False, **given}
    store = Store(create_app(ImageStoreSettings(**values)), headers=GATEWAY, raise_server_exceptions=False)
    store.folder = Path(values["data_dir"])
    return store


def problem(answer: Response) -> tuple[int, str]:
    """Status and code of a problem, once it is seen to be one."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["request_id"] == answer.headers["x-request-id"]
    assert body["title"]
    assert body["type"] == f"urn:darkroom:problem:{body['code']}"
    return answer.status_code, body["code"]


def codes(items: Sequence[dict[str, Any]]) -> list[tuple[str, str, str | None]]:
    """Name, status and problem's code of each result of an upload."""
    return [(item["name"], item["status"], (item.get("problem") or {}).get("code")) for item in items]
