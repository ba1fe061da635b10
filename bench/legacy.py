"""Old clients at their door: images, labels with saves, the partial CSV, the image store, many annotators."""

import itertools
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pandas as pd

from bench.imagestore import in_turns
from bench.old_clients import (
    Tagger,
    images_per_second,
    labels_and_saves_per_second,
    save_and_return,
    waits_of_labels,
)
from bench.peers import process
from bench.photos import copies, photo
from bench.rows import Row
from bench.stack import CACHE, Stack
from bench.tables import TAGS, write_table
from demo.ports import free_ports

ROWS = 100_000
IMAGES = 64
SMALL, LARGE = (320, 240), (1280, 720)
IN_FLIGHT = 64
SECONDS = 1.0
ROUND_TRIPS = 20
CLIENTS = 200
MOST_WAIT_MS = 250.0


def run(stack: Stack) -> list[Row]:
    """The table's rows."""
    with tempfile.TemporaryDirectory(dir=CACHE) as name, ExitStack() as running:
        folder = Path(name)
        headers = dict(stack.service_headers)
        client = running.enter_context(
            httpx2.Client(base_url=stack.urls["tagging"], headers=headers, timeout=120)
        )
        write_table(folder / "labels.csv", ROWS)
        _open(client, folder / "labels.csv")
        port = _port(stack, "legacy_tagging")
        found = [*_labels(port, folder), _partial_csv(port, folder), _many(port)]
        found += _images(client, port, folder, running)
        found.append(_store(_port(stack, "legacy_imagestore"), folder, running))
        return found


def _port(stack: Stack, name: str) -> int:
    return int(urlsplit(stack.urls[name]).port or 0)


def _open(client: httpx2.Client, path: Path) -> None:
    """Make it the newest dataset, which old clients work on."""
    answer = client.post("/v1/datasets", json={"data_path": str(path), "save_to": "same_file"})
    answer.raise_for_status()
    while client.get(f"/v1/datasets/{answer.json()['id']}").json()["state"] != "ready":
        time.sleep(0.02)


def _labels(port: int, folder: Path) -> Iterator[Row]:
    table = pd.read_csv(folder / "labels.csv")
    target = folder / "pandas.csv"
    rows = itertools.count()

    def label_and_write() -> float:
        begin = time.perf_counter()
        table.loc[next(rows) * 7919 % ROWS, "tag_code_100"] = True
        table.to_csv(target, index=False)
        return 1 / (time.perf_counter() - begin)

    rates = in_turns(
        {
            "waiting": partial(labels_and_saves_per_second, port, ROWS, TAGS, 1, SECONDS),
            "pipelined": partial(labels_and_saves_per_second, port, ROWS, TAGS, IN_FLIGHT, SECONDS),
            "pandas": label_and_write,
        }
    )
    for way, needed in (("waiting", 5.0), ("pipelined", 50.0)):
        met = rates[way] / rates["pandas"] >= needed
        how = "waiting for each answer" if way == "waiting" else f"{IN_FLIGHT} pairs in flight"
        work = f"old client: label and save each, {ROWS:,} rows, {how}"
        yield Row(work, rates[way], rates["pandas"], "1/s", needed, met, "pandas: to_csv after each label")


def _partial_csv(port: int, folder: Path) -> Row:
    table = pd.read_csv(folder / "labels.csv")
    others = [column for column in table.columns if not column.startswith("tag_code_")]
    client = Tagger(port)

    def ours() -> float:
        begin = time.perf_counter()
        client.partial_csv()
        return 1 / (time.perf_counter() - begin)

    def theirs() -> float:
        begin = time.perf_counter()
        table.copy().drop(columns=others).to_csv(index=False)
        return 1 / (time.perf_counter() - begin)

    rates = in_turns({"ours": ours, "pandas": theirs})
    client.close()
    met = rates["ours"] / rates["pandas"] >= 5
    work = f"old client: partial CSV of {ROWS:,} rows"
    return Row(work, rates["ours"], rates["pandas"], "1/s", 5.0, met, "pandas: copy, drop, to_csv")


def _many(port: int) -> Row:
    alone = sorted(waits_of_labels(port, 1, ROWS, TAGS, SECONDS))
    waits = sorted(waits_of_labels(port, CLIENTS, ROWS, TAGS, 4 * SECONDS))
    worst = 1000 * waits[int(0.99 * len(waits))]
    quiet = 1000 * alone[int(0.99 * len(alone))]
    note = (
        f"the most allowed; median {1000 * statistics.median(waits):.0f} ms, "
        f"{len(waits) / (4 * SECONDS):,.0f} labels/s; one client alone: {quiet:.1f} ms"
    )
    work = f"{CLIENTS} old clients labelling without a pause, 99 in 100"
    return Row(work, worst, MOST_WAIT_MS, "ms", 1.0, worst <= MOST_WAIT_MS, note)


def _images(client: httpx2.Client, port: int, folder: Path, running: ExitStack) -> Iterator[Row]:
    files = folder / "images"
    files.mkdir()
    lines = ["file_path,clip_id,modality,tag_code_100"]
    for number, content in enumerate(copies(photo(*SMALL), IMAGES)):
        (files / str(number)).write_bytes(content)
        lines.append(f"{files / str(number)},one,front,False")
    (folder / "images.csv").write_text("\n".join(lines) + "\n")
    _open(client, folder / "images.csv")
    bare = _bare("images", files, running)
    for in_flight, needed in ((1, 0.15), (IN_FLIGHT, 0.3)):
        rates = in_turns(
            {
                "ours": partial(images_per_second, port, IMAGES, in_flight, SECONDS),
                "bare": partial(images_per_second, bare, IMAGES, in_flight, SECONDS),
            }
        )
        how = "one by one" if in_flight == 1 else f"{in_flight} in flight"
        met = rates["ours"] / rates["bare"] >= needed
        note = "a bare asyncio server that reads the file and answers the same frame"
        yield Row(
            f"old client: images of 20 KB, {how}", rates["ours"], rates["bare"], "1/s", needed, met, note
        )


def _store(port: int, folder: Path, running: ExitStack) -> Row:
    kept = folder / "kept"
    kept.mkdir()
    contents = itertools.cycle(copies(photo(*LARGE), 8))
    bare = _bare("store", kept, running)

    def rate(target: int) -> float:
        mark = secrets.token_hex(8)
        seconds = sum(
            save_and_return(target, f"{mark}-{number}.jpg", next(contents) + mark.encode() + bytes([number]))
            for number in range(ROUND_TRIPS)
        )
        return ROUND_TRIPS / seconds

    rates = in_turns({"ours": lambda: rate(port), "bare": lambda: rate(bare)})
    met = rates["ours"] / rates["bare"] >= 0.3
    note = "a bare threaded socket server with fsync; the protocol's pause not counted"
    work = "old client: save and return of 200 KB, new connection each"
    return Row(work, rates["ours"], rates["bare"], "1/s", 0.3, met, note)


def _bare(kind: str, folder: Path, running: ExitStack) -> int:
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "bench.old_servers", kind, str(port), str(folder)]
    running.enter_context(process(command, port))
    return port
