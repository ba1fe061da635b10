"""SD cards through the service, over real SSH on loopback: 10,000 clips listed, an hour of 60 read."""

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from bench.rows import Row
from bench.stack import CACHE, Stack
from demo.card import CardPlan, make_card
from demo.clips import ClipPlan
from demo.simulated import SimulatedCamera

FIRST_LISTING, NEXT_LISTING = 10.0, 1.0  # seconds at most
FIRST_HOUR, NEXT_HOUR = 8.0, 50.0  # seconds, milliseconds at most
ROUNDS = 5
WAIT = 25.0
MANY = CardPlan(days=7, first_hour=0, hours=24, oddities=False, clip=ClipPlan(seconds=0.2))
# Ten seconds of 720p at 5 Mbit/s: a little over 6 MB, as cameras write them.
LARGE = CardPlan(days=1, hours=1, oddities=False, clip=ClipPlan(10.0, 25, 1280, 720, kbps=5000))


def run(stack: Stack) -> list[Row]:
    """The table's rows."""
    CACHE.mkdir(exist_ok=True)
    headers = dict(stack.service_headers)
    with httpx2.Client(base_url=stack.urls["sdcard"], headers=headers, timeout=60, trust_env=False) as client:
        with camera_on(client, "many", MANY) as first:
            listed = _listing(client, "many", first)
        with camera_on(client, "large", LARGE):
            return [*listed, *_hour(client, "large")]


@contextmanager
def camera_on(client: httpx2.Client, camera_id: str, plan: CardPlan) -> Iterator[float]:
    """A simulated camera that the service knows, with its key accepted: how long its first listing took."""
    folder = Path(tempfile.mkdtemp(prefix="card-", dir=CACHE))
    make_card(folder / "card", plan)
    settle(folder / "card")
    try:
        with SimulatedCamera(folder / "card") as camera:
            body = {"id": camera_id, "host": camera.host, "port": camera.port, "password": camera.password}
            client.post("/v1/cameras", json=body).raise_for_status()
            _seen(client, camera_id)
            accepted = {"fingerprint": camera.fingerprint}
            client.post(f"/v1/cameras/{camera_id}/host-key", json=accepted).raise_for_status()
            began = time.perf_counter()
            state = _seen(client, camera_id)
            seconds = time.perf_counter() - began
            if state["state"] != "online":
                raise RuntimeError(f"the camera is {state['state']}: {state['detail']}")
            yield seconds
    finally:
        client.delete(f"/v1/cameras/{camera_id}")
        shutil.rmtree(folder)


def settle(card: Path) -> None:
    """Let folders be older than a moment ago, as those of a camera are."""
    before = time.time() - 3600
    for place in [*card.glob("*/*"), *card.glob("*")]:
        os.utime(place, (before, before))


def _seen(client: httpx2.Client, camera_id: str) -> dict[str, Any]:
    answer = client.get(f"/v1/cameras/{camera_id}", params={"wait": WAIT})
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def _listing(client: httpx2.Client, camera_id: str, first: float) -> list[Row]:
    clips = _seen(client, camera_id)["clips"]
    again = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        _seen(client, camera_id)
        again.append(time.perf_counter() - began)
    following = statistics.median(again)
    return [
        Row(
            "listing a card, first", first, FIRST_LISTING, "s", 1, first <= FIRST_LISTING, f"{clips:,} clips"
        ),
        Row(
            "listing a card, again", following, NEXT_LISTING, "s", 1, following <= NEXT_LISTING,
            "nothing new; the two newest hours are listed in any case",
        ),
    ]  # fmt: skip


def _hour(client: httpx2.Client, camera_id: str) -> list[Row]:
    seconds, job = _scan(client, camera_id)
    clips = job["progress"]["done"]
    again = statistics.median(_scan(client, camera_id)[0] for _ in range(ROUNDS)) * 1000
    size = client.get(f"/v1/cameras/{camera_id}/usage").json()["size"] / clips / 1e6
    note = (
        f"{clips} clips of {size:.1f} MB, properties and thumbnails; from the request until the job has ended"
    )
    return [
        Row("an hour of clips read, first", seconds, FIRST_HOUR, "s", 1, seconds <= FIRST_HOUR, note),
        Row("the same hour again", again, NEXT_HOUR, "ms", 1, again <= NEXT_HOUR, "likewise"),
    ]  # fmt: skip


def _scan(client: httpx2.Client, camera_id: str) -> tuple[float, dict[str, Any]]:
    began = time.perf_counter()
    hour = {"date": LARGE.last.isoformat(), "hour": LARGE.first_hour}
    started = client.post(f"/v1/cameras/{camera_id}/scans", json=hour)
    started.raise_for_status()
    job: dict[str, Any] = client.get(f"/v1/jobs/{started.json()['id']}", params={"wait": WAIT}).json()
    if job["state"] != "finished":
        raise RuntimeError(f"the scan is {job['state']}: {job['error']}")
    return time.perf_counter() - began, job
