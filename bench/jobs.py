"""Jobs: throughput beside a bare script on all cores, one worker beside two, events, ten thousand items."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2 as opencv
import httpx2
import numpy as np
from websockets.sync.client import ClientConnection, connect

from bench.photos import photo
from bench.rows import Row
from bench.stack import CACHE, ROOT, Stack
from demo.ports import free_ports

cv2: Any = opencv
WIDTH, HEIGHT = 1326, 870
DIFFERENT = 10  # photos that are not alike; the others are copies
MIXED = ("edge_detection", "colour_inversion", "erosion", "dilation", "histogram_equalisation")
MANY, FEW = 200, 20
EVENTS = 15
ITEMS = 10_000
MIB = 1024 * 1024
PATIENCE = httpx2.Timeout(120.0)


def run(stack: Stack) -> list[Row]:
    """The table's rows."""
    with client(stack.urls["processing"], stack.service_token) as http:
        made = photos()
        finish(http, submit(http, made[:4], MIXED))  # the workers have loaded what they need
        rows = [
            _beside_script(http, made, MANY, MIXED, "mixed cheap operations", 0.8),
            _beside_script(http, made, FEW, ("denoise",), "denoise", 0.95),
            _event_delay(stack, http),
            *_ten_thousand(stack, http),
        ]
    return [*rows, _two_workers(stack, made)]


def client(url: str, token: str) -> httpx2.Client:
    headers = {"X-Darkroom-Service-Token": token, "X-Darkroom-Actor": "bench"}
    return httpx2.Client(base_url=url, headers=headers, timeout=PATIENCE, trust_env=False)


def photos() -> list[bytes]:
    """PNGs of about 2 MB, each with noise of its own."""
    source = cv2.imdecode(np.frombuffer(photo(WIDTH, HEIGHT), np.uint8), cv2.IMREAD_COLOR).astype(np.int16)
    made = []
    for seed in range(DIFFERENT):
        noise = np.random.default_rng(seed).integers(-2, 3, source.shape, np.int16)
        made.append(bytes(cv2.imencode(".png", np.clip(source + noise, 0, 255).astype(np.uint8))[1]))
    return made


def submit(http: httpx2.Client, photos: Sequence[bytes], operations: Sequence[str], count: int = 0) -> int:
    """A job of `count` images, the operations taking turns; its id once it is accepted."""
    count = count or len(photos)
    form = [("images", (f"{number}.png", photos[number % len(photos)])) for number in range(count)]
    turns = {number: [{"operation": operations[number % len(operations)]}] for number in range(count)}
    fields = {"pipeline": json.dumps([{"operation": operations[0]}]), "overrides": json.dumps(turns)}
    answer = http.post("/v1/jobs", files=form, data=fields)
    if answer.status_code != 202:
        raise RuntimeError(f"a job was not accepted: {answer.text[:300]}")
    return int(answer.json()["id"])


def finish(http: httpx2.Client, job: int) -> float:
    """Seconds that the job took, from its acceptance to its end; RuntimeError unless all went well."""
    while True:
        told = http.get(f"/v1/jobs/{job}", params={"wait": 20, "limit": 1}).json()
        if told["state"] not in {"waiting", "running"}:
            break
    if told["state"] != "finished" or told["progress"]["failed"]:
        raise RuntimeError(f"a job did not go well: {told}")
    return _moment(told["ended_at"]) - _moment(told["created_at"])


def _moment(text: str) -> float:
    return float(np.datetime64(text.rstrip("Z"), "us").astype(np.int64)) / 1e6


def _beside_script(
    http: httpx2.Client, photos: list[bytes], count: int, operations: Sequence[str], what: str, needed: float
) -> Row:
    """The better of two runs each, one after the other."""
    ours, bare = [], []
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        for number in range(count):
            (Path(folder) / f"{number:04}.in.png").write_bytes(photos[number % len(photos)])
        for _ in range(2 if count > FEW else 1):
            bare.append(count / _script(folder, operations))
            ours.append(count / finish(http, submit(http, photos, operations, count)))
    note = "from acceptance to end, results on disk; a bare ProcessPoolExecutor script on all cores"
    work = f"a job of {count} {WIDTH}x{HEIGHT} PNGs, {what}"
    return Row(work, max(ours), max(bare), "images/s", needed, max(ours) >= needed * max(bare), note)


def _script(folder: str, operations: Sequence[str]) -> float:
    command = [sys.executable, "-m", "bench.plain_pool", folder, *operations]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return float(done.stdout)


def _event_delay(stack: Stack, http: httpx2.Client) -> Row:
    """From the moment that the last result's file is written to its job's end at a WebSocket client."""
    url = stack.gateway_url.replace("http", "ws", 1) + "/ws"
    key = {"Authorization": f"Bearer {stack.key}"}
    image = bytes(cv2.imencode(".png", np.zeros((64, 64, 3), np.uint8))[1])
    delays = []
    with connect(url, additional_headers=key, proxy=None) as socket:
        socket.send(json.dumps({"subscribe": ["processing.job.finished"]}))
        socket.recv(20)
        for _ in range(EVENTS):
            submit(http, [image], ("grey",), 4)
            heard = _hear(socket)
            written = max(path.stat().st_mtime for path in _results(stack, heard))
            delays.append((heard["at"] - written) * 1000)
    delay = statistics.median(delays)
    note = f"median of {EVENTS} jobs of 4; from the result's file"
    return Row("from the last item's end to a WebSocket client", delay, 100, "ms", 1, delay <= 100, note)


def _hear(socket: ClientConnection) -> dict[str, Any]:
    while True:
        event: dict[str, Any] = json.loads(socket.recv(20))
        if event.get("type") == "processing.job.finished":
            return {"at": time.time(), **event}


def _results(stack: Stack, event: dict[str, Any]) -> list[Path]:
    """The newest results there are: this job's."""
    found = (stack.data_dir / "processing" / "blobs" / "jobs").rglob("*.result")
    return sorted(found, key=lambda path: path.stat().st_mtime)[-int(event["data"]["total"]) :]


def _ten_thousand(stack: Stack, http: httpx2.Client) -> list[Row]:
    image = bytes(cv2.imencode(".png", np.zeros((16, 16, 3), np.uint8))[1])
    form = [("images", ("image.png", image))] * ITEMS
    request = http.build_request("POST", "/v1/jobs", files=form, data={"pipeline": '[{"operation": "grey"}]'})
    request.read()
    start = time.perf_counter()
    answer = http.send(request)
    submitted = time.perf_counter() - start
    if answer.status_code != 202:
        raise RuntimeError(f"{ITEMS} items were not accepted: {answer.text[:300]}")
    job = answer.json()["id"]
    finish(http, job)
    slowest = max(_pages(http, job)) * 1000
    peak = _peak_mib(stack)
    return [
        Row(f"{ITEMS:,} items submitted", submitted, 10, "s", 1, submitted <= 10, "uploads, on disk"),
        Row(f"any page of {ITEMS:,} items", slowest, 100, "ms", 1, slowest <= 100, "1,000 a page"),
        Row("the service's memory after that", peak * 1024, 500 * 1024, "KiB", 1, peak < 500, "its peak"),
    ]


def _pages(http: httpx2.Client, job: int) -> Iterator[float]:
    cursor: str | None = ""
    while cursor is not None:
        query: dict[str, int | str] = {"limit": 1000, **({"cursor": cursor} if cursor else {})}
        start = time.perf_counter()
        answer = http.get(f"/v1/jobs/{job}", params=query)
        yield time.perf_counter() - start
        cursor = answer.json()["next_cursor"]


def _peak_mib(stack: Stack) -> float:
    """Of the stack's own processing service, found by its data folder."""
    place = f"DARKROOM_DATA_DIR={stack.data_dir}".encode()
    for each in Path("/proc").glob("[0-9]*"):
        try:
            words = (each / "cmdline").read_bytes().split(b"\0")
            if words[-2:-1] == [b"processing"] and place in (each / "environ").read_bytes():
                return int((each / "status").read_text().partition("VmHWM:")[2].split()[0]) / 1024
        except (OSError, IndexError):
            continue
    raise RuntimeError("the processing service is not running")


def _two_workers(stack: Stack, photos: list[bytes]) -> Row:
    """A service of its own for each number of workers."""
    found = {}
    for workers in (1, 2):
        with _service(stack, workers) as http:
            finish(http, submit(http, photos[:4], MIXED))
            found[workers] = MANY / finish(http, submit(http, photos, MIXED, MANY))
    note = "the same job with one worker"
    return Row(
        "the same with two workers", found[2], found[1], "images/s", 1.7, found[2] >= 1.7 * found[1], note
    )


@contextmanager
def _service(stack: Stack, workers: int) -> Iterator[httpx2.Client]:
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        given = {
            "DARKROOM_DATA_DIR": folder,
            "DARKROOM_PROCESSING_PORT": str(port),
            "DARKROOM_PROCESSING_WORKERS": str(workers),
            "DARKROOM_SERVICE_TOKEN": stack.service_token,
            "DARKROOM_ACCESS_LOG": "false",
        }
        command = [sys.executable, "-m", "shared.web.serve", "processing"]
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **given}, stderr=subprocess.DEVNULL)
        try:
            with client(f"http://127.0.0.1:{port}", stack.service_token) as http:
                _wait_for_ready(http)
                yield http
        finally:
            process.terminate()
            process.wait(30)


def _wait_for_ready(http: httpx2.Client) -> None:
    for _ in range(200):
        try:
            if http.get("/readyz").status_code == 200:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError("the service does not start")
