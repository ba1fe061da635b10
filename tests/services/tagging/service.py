"""The tagging service for tests: the whole app in process, and small CSVs to put into it."""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

from services.tagging.app import create_app
from services.tagging.settings import TaggingSettings
from tests.gateway.serving import wait_until

TOKEN = "token-between-services"
CODES = (100, 101, 102)
Rows = dict[int, dict[str, bool]]


def gateway(actor: str = "ada") -> dict[str, str]:
    """The headers that the gateway sends for that key."""
    return {
        "X-Darkroom-Service-Token": TOKEN,
        "X-Darkroom-Actor": actor,
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "photos.example",
        "X-Forwarded-Prefix": "/api/tagging",
    }


def table(
    rows: int, *, codes: Sequence[int] = CODES, true: Iterable[tuple[int, int]] = (), clip: int = 4
) -> str:
    """A CSV of form A: `true` are the cells (row, code) that say so; `clip` rows are one clip."""
    marked = set(true)
    lines = [",".join(["file_path", "clip_id", *(f"tag_code_{code}" for code in codes), "note"])]
    for row in range(rows):
        cells = [str((row, code) in marked) for code in codes]
        lines.append(",".join([f"images/{row}.png", f"clip-{row // clip}", *cells, f'"note, {row}"']))
    return "\r\n".join(lines) + "\r\n"


def text_of(path: Path | str) -> str:
    """A file as it is, line ends too."""
    return Path(path).read_bytes().decode()


class Tagging(TestClient):
    """Calls as the gateway makes them, for the key `ada` unless `by` says otherwise."""

    folder: Path
    roots: Path

    def upload(
        self, data: str | bytes, meta: str | None = None, *, name: str = "trip.csv", **fields: Any
    ) -> Response:
        """POST of a CSV."""
        files: dict[str, Any] = {"data": (name, data)}
        if meta is not None:
            files["meta"] = ("meta.csv", meta)
        return self.post("/v1/datasets", files=files, data={key: str(value) for key, value in fields.items()})

    def put_file(self, name: str, data: str | bytes) -> Path:
        """A file below the roots."""
        path = self.roots / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    def open(self, path: str, **given: Any) -> Response:
        """POST of a path."""
        return self.post("/v1/datasets", json={"data_path": path, **given})

    def made(self, answer: Response) -> int:
        """The id of a dataset that is ready, also where that takes a while."""
        assert answer.status_code in {201, 202}, answer.text
        dataset = int(answer.json()["id"])
        wait_until(lambda: self.get(f"/v1/datasets/{dataset}").json()["state"] == "ready")
        return dataset

    def same_file(self, rows: int = 12, name: str = "trip.csv", **given: Any) -> tuple[int, Path]:
        """A dataset that is saved to the very file that it came from, and that file."""
        path = self.put_file(name, table(rows))
        return self.made(self.open(name, save_to="same_file", **given)), path

    def dataset(self, dataset: int) -> dict[str, Any]:
        """The dataset as it is told."""
        found: dict[str, Any] = self.get(f"/v1/datasets/{dataset}").json()
        return found

    def label(self, dataset: int, row: int, *, by: str = "ada", etag: str = "", **change: Any) -> Response:
        """PATCH of one row."""
        headers = gateway(by) | ({"If-Match": etag} if etag else {})
        return self.patch(f"/v1/datasets/{dataset}/rows/{row}/tags", json=change, headers=headers)

    def mass(self, dataset: int, rows: dict[str, Any], *, by: str = "ada", **change: Any) -> Response:
        """POST of many rows."""
        return self.post(f"/v1/datasets/{dataset}/tag", json={"rows": rows, **change}, headers=gateway(by))

    def undo(self, dataset: int, by: str = "ada") -> Response:
        """Undo."""
        return self.post(f"/v1/datasets/{dataset}/undo", headers=gateway(by))

    def redo(self, dataset: int, by: str = "ada") -> Response:
        """Redo."""
        return self.post(f"/v1/datasets/{dataset}/redo", headers=gateway(by))

    def save(self, dataset: int, **choice: Any) -> Response:
        """POST of a save, with a choice if given."""
        url = f"/v1/datasets/{dataset}/save"
        return self.post(url, json=choice) if choice else self.post(url)

    def rows(self, dataset: int, **query: Any) -> list[dict[str, Any]]:
        """Every row that fits, page by page."""
        found: list[dict[str, Any]] = []
        query = {"limit": 1000, **query}
        while True:
            answer = self.get(f"/v1/datasets/{dataset}/rows", params=query)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            query["cursor"] = page["next_cursor"]

    def tags(self, dataset: int) -> Rows:
        """The tags of every row."""
        return {row["index"]: row["tags"] for row in self.rows(dataset)}

    def true(self, dataset: int) -> set[tuple[int, int]]:
        """The cells (row, code) that are true."""
        tags = self.tags(dataset)
        return {(row, int(code)) for row in tags for code, value in tags[row].items() if value}

    def events(self, after: int = 0) -> list[dict[str, Any]]:
        """What has happened, as CloudEvents."""
        text = self.get("/v1/events", params={"after": after, "follow": "false"}).text
        blocks = text.split("\n\n")[1:]
        return [json.loads(block.split("data: ", 1)[1]) for block in blocks if block]

    def shelved(self) -> list[str]:
        """What is on the shelf."""
        return sorted(path.name for path in (self.folder / "tagging/blobs/sources").glob("*"))


MakeTagging = Callable[..., Tagging]


def start_tagging(folder: Path, **given: Any) -> Tagging:
    """A service to be used as a context manager; files below `roots` are in `folder`/roots."""
    roots = folder / "roots"
    roots.mkdir(exist_ok=True)
    values = {
        "data_dir": folder,
        "roots": str(roots),
        "service_token": TOKEN,
        "access_log": False,
        **given,
    }
    service = Tagging(create_app(TaggingSettings(**values)), headers=gateway(), raise_server_exceptions=False)
    service.folder = Path(values["data_dir"])
    service.roots = roots
    return service


def check_counts(service: Tagging, dataset: int) -> None:
    """What is told of the dataset equals a recount of its rows. Raises AssertionError."""
    told, tags = service.dataset(dataset), service.tags(dataset)
    counts = {code: sum(row[code] for row in tags.values()) for code in told["counts"]}
    assert told["counts"] == counts
    assert told["progress"] == {"tagged": sum(any(row.values()) for row in tags.values()), "total": len(tags)}
