"""What a million of each costs: a smaller number is measured, on SQLite and local files, and multiplied.

Bytes of database and of blobs (blocks on disk), and seconds of one client that sends one after the other.
"""

import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx2

from bench import jobs
from bench.cards import camera_on
from bench.engines import HEADERS, TOKEN, Service, service
from bench.keepalive import Connection
from bench.memory import memory_of
from bench.photos import photo
from bench.rows import Row
from bench.stack import CACHE, Stack
from bench.tables import write_table
from bench.tagging import open_dataset
from demo.card import CardPlan
from demo.clips import ClipPlan

MILLION = 1_000_000
IMAGES, RENDITIONS = 3000, 200
ROWS, LABELS = 200_000, 5000
ITEMS = 2000
CARD = CardPlan(days=1, first_hour=0, hours=24, oddities=False, clip=ClipPlan(seconds=0.2))
GIB = 1024**3


def run(_stack: Stack) -> list[Row]:
    """The table's rows; services of their own, each with an empty folder."""
    with tempfile.TemporaryDirectory(dir=CACHE) as name:
        folder = Path(name)
        return [*_images(folder), *_labels(folder), *_clips(folder), *_items(folder)]


class Growth:
    """What a service's folder and process grow by, and how long it takes."""

    def __init__(self, name: str, running: Service, home: Path) -> None:
        self._pid = running.pid
        self._home = home
        self._database = home / f"{name}.db"
        self._before = self._look()
        self._began = time.perf_counter()

    def rows(self, what: str, count: int, note: str) -> Iterator[Row]:
        """For a million of `what`, of which there were `count`."""
        seconds = time.perf_counter() - self._began
        database, files, memory = (now - then for now, then in zip(self._look(), self._before, strict=True))
        times = MILLION / count
        if database:
            yield _row(f"1,000,000 {what}: database", database * times / GIB, "GiB", f"{count:,} {note}")
        if files > count * 100:
            yield _row(f"1,000,000 {what}: files", files * times / GIB, "GiB", "blocks on disk")
        yield _row(f"1,000,000 {what}: time", seconds * times / 3600, "h", f"{count / seconds:,.0f} a second")
        yield _row(f"{count:,} {what}: memory", memory, "MiB", "more than before, not multiplied")

    def _look(self) -> tuple[int, int, float]:
        with closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)) as connection:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            (size,) = connection.execute("PRAGMA page_size").fetchone()
        files = sum(
            path.stat().st_blocks * 512
            for path in self._home.rglob("*")
            if path.is_file() and ".db" not in path.name and path.suffix != ".log"
        )
        return pages * size, files, memory_of(self._pid).rss


def _row(work: str, value: float, unit: str, note: str) -> Row:
    return Row(work, value, 0, unit, 0, True, note)  # noqa: FBT003 - nothing is needed of it


def _images(folder: Path) -> Iterator[Row]:
    home = folder / "images"
    content = photo(320, 240)
    with service("imagestore", home) as running:
        connection = Connection(running.url, HEADERS)
        growth = Growth("imagestore", running, home / "imagestore")
        for number in range(IMAGES):
            connection.put(f"/v1/images/trip-{number}.jpg", content + b"%d" % number)
        yield from growth.rows("images", IMAGES, f"JPEGs of {len(content) / 1000:.0f} KB uploaded")
        growth = Growth("imagestore", running, home / "imagestore")
        for number in range(RENDITIONS):
            connection.get(f"/v1/images/trip-{number}.jpg/rendition?width=256")
        yield from growth.rows("renditions", RENDITIONS, "of 256 pixels, made for the first time")
        connection.close()


def _labels(folder: Path) -> Iterator[Row]:
    home = folder / "labels"
    table = folder / "labels.csv"
    write_table(table, ROWS)
    with (
        service("tagging", home, DARKROOM_TAGGING_ROOTS=str(folder)) as running,
        httpx2.Client(base_url=running.url, headers=HEADERS, timeout=60, trust_env=False) as client,
    ):
        growth = Growth("tagging", running, home / "tagging")
        dataset = open_dataset(client, table)
        yield from growth.rows("rows", ROWS, f"imported, 5 tags; the CSV {table.stat().st_size / 1e6:.0f} MB")
        growth = Growth("tagging", running, home / "tagging")
        for number in range(LABELS):
            row = number * 7919 % ROWS
            client.patch(
                f"/v1/datasets/{dataset}/rows/{row}/tags", json={"toggle": ["100"]}
            ).raise_for_status()
        yield from growth.rows("labels", LABELS, "one by one, with history and events")


def _clips(folder: Path) -> Iterator[Row]:
    home = folder / "clips"
    given = {
        "DARKROOM_SDCARD_CAMERA_NETWORKS": "127.0.0.0/8",
        "DARKROOM_SDCARD_CONNECTS_PER_MINUTE": "1000",
    }
    with (
        service("sdcard", home, **given) as running,
        httpx2.Client(base_url=running.url, headers=HEADERS, timeout=120, trust_env=False) as client,
    ):
        growth = Growth("sdcard", running, home / "sdcard")
        with camera_on(client, "costs", CARD):
            clips = client.get("/v1/cameras/costs", params={"wait": 25}).json()["clips"]
            yield from growth.rows("clips listed", clips, "on one card")
            growth = Growth("sdcard", running, home / "sdcard")
            started = client.post("/v1/cameras/costs/scans", json={"thumbnails": True}).json()
            state = ""
            while state not in {"finished", "failed"}:
                state = client.get(f"/v1/jobs/{started['id']}", params={"wait": 20}).json()["state"]
            yield from growth.rows("clips scanned", clips, "properties and thumbnails, over SSH on loopback")


def _items(folder: Path) -> Iterator[Row]:
    home = folder / "jobs"
    content = photo(320, 240)
    pictures = [content + b"%d" % number for number in range(ITEMS)]
    with service("processing", home) as running, jobs.client(running.url, TOKEN) as http:
        jobs.finish(http, jobs.submit(http, pictures[:4], ("grey",)))
        growth = Growth("processing", running, home / "processing")
        jobs.finish(http, jobs.submit(http, pictures, ("grey",)))
        note = f"JPEGs of {len(content) / 1000:.0f} KB in one job, made grey; originals and results"
        yield from growth.rows("images of jobs", ITEMS, note)
