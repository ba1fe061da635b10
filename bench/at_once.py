"""One image at once: POST /v1/process beside a bare script, taking turns image by image."""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from bench.keepalive import Connection
from bench.photos import photo
from bench.rows import Row
from bench.stack import CACHE, Stack

WIDTH, HEIGHT = 1326, 870
ROUNDS, WARMING = 60, 10
MOST = 1.25
PIPELINE = b'[{"operation": "edge_detection"}]'
BOUNDARY = b"darkroom-bench"


def run(stack: Stack) -> list[Row]:
    """The table's row."""
    picture = cv2.imdecode(np.frombuffer(photo(WIDTH, HEIGHT), np.uint8), cv2.IMREAD_COLOR)
    content = cv2.imencode(".png", np.asarray(picture))[1].tobytes()
    with tempfile.NamedTemporaryFile(dir=CACHE, suffix=".png") as file:
        Path(file.name).write_bytes(content)
        ours, bare = _in_turns(stack, file.name, content)
    note = (
        f"{len(content) / 1e6:.1f} MB, direct, taking turns; "
        f"a bare script takes {bare:.1f} ms, ratio {ours / bare:.2f}"
    )
    work = f"one {WIDTH}x{HEIGHT} PNG, edge detection, at once"
    return [Row(work, ours, MOST * bare, "ms", 1, ours <= MOST * bare, note)]


def _in_turns(stack: Stack, path: str, content: bytes) -> tuple[float, float]:
    """The medians in ms, ours and the script's."""
    form = _form(content)
    head = {**stack.service_headers, "Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}"}
    connection = Connection(stack.urls["processing"], head)
    ours, bare = [], []
    with subprocess.Popen(
        [sys.executable, "-m", "bench.plain_edges", path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as script:
        assert script.stdin is not None
        assert script.stdout is not None
        for _ in range(WARMING + ROUNDS):
            start = time.perf_counter()
            connection.post("/v1/process", form)
            ours.append((time.perf_counter() - start) * 1000)
            script.stdin.write("\n")
            script.stdin.flush()
            bare.append(float(script.stdout.readline()))
        script.stdin.close()
    connection.close()
    return statistics.median(ours[WARMING:]), statistics.median(bare[WARMING:])


def _form(content: bytes) -> bytes:
    disposition = b"Content-Disposition: form-data; name="
    return b"\r\n".join(
        [
            b"--" + BOUNDARY, disposition + b'"pipeline"', b"", PIPELINE,
            b"--" + BOUNDARY, disposition + b'"image"; filename="photo.png"', b"", content,
            b"--" + BOUNDARY + b"--", b"",
        ]
    )  # fmt: skip
