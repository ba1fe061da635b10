"""A whole system is copied while it is worked with, moves to PostgreSQL and S3, and back to files."""

import gzip
import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from shared.backup.restoring import GAP
from shared.blobs import open_blobs
from tests.conftest import StartStack
from tests.faults.uploads import Jpegs
from tests.postgres import NewDatabase
from tests.scripts.stack_process import ROOT, wait_until
from tests.services.tagging.service import table
from tests.shared.s3 import S3
from tests.stack import Stack, bare_environment

PARTS = ("GATEWAY", "TAGGING", "IMAGESTORE", "PROCESSING", "SDCARD")
ROWS = 200
STEPS = json.dumps([{"operation": "erosion"}])
Environment = dict[str, str]


def backup(environment: Environment, command: str, place: Path) -> None:
    """The command in a process of its own, as an operator gives it."""
    done = subprocess.run(
        [sys.executable, "-m", "shared.backup", command, str(place)],
        env=bare_environment(**environment), cwd=ROOT, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def rows_of(source: Path) -> dict[str, list[str]]:
    """Every row of a backup as text, by part/table, in an order of their own."""
    return {
        f"{path.parts[-3]}/{path.name}": sorted(gzip.decompress(path.read_bytes()).decode().splitlines()[1:])
        for path in source.rglob("*.jsonl.gz")
    }


class Work:
    """Uploads and labels going on, and what was promised of them."""

    def __init__(self, stack: Stack, dataset: int) -> None:
        self.images: dict[str, str] = {}
        self.labels: set[int] = set()
        self.refusals: list[str] = []
        self._stack, self._dataset = stack, dataset
        self._over = threading.Event()

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Both, until the end."""
        threads = [threading.Thread(target=work) for work in (self._upload, self._label)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()
        assert not self.refusals

    def _upload(self) -> None:
        jpegs, number = Jpegs(1), 0
        with self._stack.images() as client:
            while not self._over.is_set():
                number += 1
                name, data = f"load-{number}.jpg", jpegs.make(20_000)
                self._note(client.put(f"/v1/images/{name}", content=data), 201)
                self.images[name] = hashlib.sha256(data).hexdigest()

    def _label(self) -> None:
        with tagging(self._stack) as client:
            for row in range(ROWS // 2, ROWS):
                if self._over.is_set():
                    return
                path = f"/v1/datasets/{self._dataset}/rows/{row}/tags"
                self._note(client.patch(path, json={"set": {"100": True}}), 200)
                self.labels.add(row)

    def _note(self, answer: httpx2.Response, expected: int) -> None:
        if answer.status_code != expected:
            self.refusals.append(answer.text)


def tagging(stack: Stack) -> httpx2.Client:
    """A client of the tagging service."""
    client = stack.client()
    client.base_url = f"{stack.gateway_url}/api/tagging"
    return client


def dataset_of(stack: Stack) -> int:
    """An uploaded CSV whose first rows are labelled and saved."""
    with tagging(stack) as client:
        made = client.post("/v1/datasets", files={"data": ("trip.csv", table(ROWS).encode())})
        assert made.status_code == 201, made.text
        dataset = int(made.json()["id"])
        for row in (1, 2, 3):
            path = f"/v1/datasets/{dataset}/rows/{row}/tags"
            assert client.patch(path, json={"set": {"101": True}}).status_code == 200
        assert client.post(f"/v1/datasets/{dataset}/save").status_code == 200
    return dataset


def fill(stack: Stack) -> None:
    """A job with its result, a saved pipeline, and a camera with a password."""
    files = {"images": ("a.jpg", Jpegs(2).make(5_000), "image/jpeg")}
    with stack.client() as client:
        job = client.post("/api/processing/v1/jobs", files=files, data={"pipeline": STEPS})
        assert job.status_code == 202, job.text
        ended = client.get(f"/api/processing/v1/jobs/{job.json()['id']}", params={"wait": 25}).json()
        assert ended["state"] == "finished", ended
        camera = {"id": "cam1", "host": "10.255.255.1", "user": "root", "password": "hidden"}
        assert client.post("/api/sdcard/v1/cameras", json=camera).status_code == 201


def elsewhere(tmp_path: Path, new_database: NewDatabase, s3: S3) -> Environment:
    """The settings of an empty system on PostgreSQL and S3."""
    databases = {f"DARKROOM_{part}_DATABASE_URL": new_database() for part in PARTS}
    return databases | {
        "DARKROOM_DATA_DIR": str(tmp_path / "elsewhere"),
        "DARKROOM_BLOBS_URL": s3.new_prefix(),
    }


def test_a_system_moves_to_other_engines_and_back(
    start_stack: StartStack, tmp_path: Path, new_database: NewDatabase, s3: S3
) -> None:
    first = start_stack()
    dataset = dataset_of(first)
    fill(first)
    work = Work(first, dataset)
    with work.going_on():
        wait_until(lambda: (len(work.images) > 20 and len(work.labels) > 10) or bool(work.refusals))
        images, labels = dict(work.images), set(work.labels)
        backup({"DARKROOM_DATA_DIR": str(first.data_dir)}, "create", tmp_path / "one")
    first.end()

    there = elsewhere(tmp_path, new_database, s3)
    backup(there, "restore", tmp_path / "one")
    backup(there, "create", tmp_path / "two.tar")
    back = {"DARKROOM_DATA_DIR": str(tmp_path / "back")}
    backup(back, "restore", tmp_path / "two.tar")
    backup(back, "create", tmp_path / "three")
    check_rows(rows_of(tmp_path / "one"), rows_of(tmp_path / "three"), str(first.data_dir), back)
    check_blobs(tmp_path / "one", tmp_path / "back")

    second = start_stack(tmp_path / "elsewhere-run", data=tmp_path / "elsewhere", **there)
    assert second.key == first.key
    check_images(second, images)
    check_labels(second, dataset, labels, tmp_path / "elsewhere")
    check_events(second, tmp_path / "one")
    with second.client() as client:
        jobs = client.get("/api/processing/v1/jobs").json()["items"]
        result = client.get(f"/api/processing/v1/jobs/{jobs[0]['id']}/items/0/result")
        assert result.status_code == 200
        assert result.content[:2] == b"\xff\xd8"
        assert client.get("/api/sdcard/v1/cameras/cam1").json()["state"] != "credentials_unreadable"


def check_rows(
    before: dict[str, list[str]], after: dict[str, list[str]], data: str, back: Environment
) -> None:
    """Two restores have added two events to each stream, and changed where paths lead: nothing else."""
    assert before.keys() == after.keys()
    assert sum(map(len, before.values())) > 100
    for name, rows in before.items():
        if name.endswith("/events.jsonl.gz"):
            assert set(rows) <= set(after[name])
            assert len(after[name]) == len(rows) + 2
        elif name == "tagging/datasets.jsonl.gz":
            assert len(rows) == len(after[name]) == 1
            assert back["DARKROOM_DATA_DIR"] in after[name][0]
            assert data not in after[name][0]
        else:
            assert rows == after[name], name


def check_blobs(source: Path, data: Path) -> None:
    """Each row's bytes have its digest."""
    rows = rows_of(source)["imagestore/blobs.jsonl.gz"]
    assert len(rows) > 20
    store = open_blobs((data / "imagestore/blobs").as_uri(), data)
    for digest, size, *_ in map(json.loads, rows):
        found = store.read(f"blobs/{digest[:2]}/{digest}")
        assert (hashlib.sha256(found).hexdigest(), len(found)) == (digest, size)


def check_images(stack: Stack, promised: dict[str, str]) -> None:
    """What was acknowledged before the copy began is there; and all that is listed is whole."""
    listed: dict[str, str] = {}
    query: dict[str, Any] = {"limit": 500}
    with stack.images() as client:
        while True:
            page = client.get("/v1/images", params=query).json()
            listed |= {image["name"]: image["digest"].rpartition(":")[2] for image in page["items"]}
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
        assert promised.items() <= listed.items()
        for name, digest in listed.items():
            found = client.get(f"/v1/images/{name}/content").content
            assert hashlib.sha256(found).hexdigest() == digest


def check_labels(stack: Stack, dataset: int, promised: set[int], data: Path) -> None:
    """In the rows, and soon in a CSV below the new data folder."""
    with tagging(stack) as client:
        found = client.get(f"/v1/datasets/{dataset}/rows", params={"tag": "100", "limit": 1000}).json()
        assert promised <= {row["index"] for row in found["items"]}

        def saved() -> bool:
            shown = client.get(f"/v1/datasets/{dataset}").json()
            return bool(shown["saved_revision"] == shown["revision"])

        wait_until(saved)
        csv = Path(client.get(f"/v1/datasets/{dataset}").json()["csv_path"])
        assert csv.is_relative_to(data)
        assert csv.read_bytes() == client.get(f"/v1/datasets/{dataset}/export.csv").content


def check_events(stack: Stack, source: Path) -> None:
    """Cursors from before the copy go on; those that the copy knows nothing of are reset."""
    last = max(json.loads(row)[0] for row in rows_of(source)["imagestore/events.jsonl.gz"])
    with stack.images() as client:
        assert client.put("/v1/images/new.jpg", content=Jpegs(3).make(3_000)).status_code == 201

        def told(after: int) -> tuple[str, list[int]]:
            text = client.get("/v1/events", params={"after": after, "follow": "false"}).text
            ids = [int(line.removeprefix("id: ")) for line in text.splitlines() if line.startswith("id: ")]
            return text.splitlines()[0], ids

        assert told(last - 1) == ("event: position", [last, last + GAP, last + GAP + 1])
        assert told(last + 1) == ("event: reset", [])
