"""Tagging at a million rows: imports, labels, pages, saves beside pandas, and images beside memory."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pandas as pd

from bench.imagestore import in_turns, memory_server
from bench.labels import label_and_save_rate
from bench.photos import copies, photo
from bench.rows import Row
from bench.stack import CACHE, Stack
from bench.tables import write_table
from bench.wrk import Load, Way, load

HERE = Path(__file__).parent
SMALL, LARGE = 100_000, 1_000_000
ROUNDS = 5
PAGES = (
    "",
    "tag=100",
    "tag=100&not_tag=101",
    "tag=100&tag=101&tag=102&tag=103&tag=104",
    "untagged=true&limit=1000",
    "camera=rear&untagged=false",
    "clip=clip_004999",
    "q=frame_000049",
    "q=nothing+has+this",
    "q=CLIP_004999&camera=left",
    "from=999990",
)
PAGE_ROUNDS = 20
IMAGES = 16


def run(stack: Stack) -> list[Row]:
    """The table's rows."""
    headers = dict(stack.service_headers)
    with tempfile.TemporaryDirectory(dir=CACHE) as name:
        folder = Path(name)
        for rows in (SMALL, LARGE):
            write_table(folder / f"{rows}.csv", rows)
        with httpx2.Client(base_url=stack.urls["tagging"], headers=headers, timeout=120) as client:
            small = open_dataset(client, folder / f"{SMALL}.csv")
            found = [*_import(stack, client, folder / f"{LARGE}.csv", small)]
            large = max(each["id"] for each in client.get("/v1/datasets").json()["items"])
            found += _labels(stack, small)
            found += [_mass(client, large), _pages(client, large)]
            found += [_saves(client, folder, small, SMALL, 60), _saves(client, folder, large, LARGE, 3000)]
            found.append(_label_and_save(stack, folder, small))
            found.append(_images(stack, client, folder))
    return found


def open_dataset(client: httpx2.Client, path: Path) -> int:
    """Import a file and wait for it; the dataset's id."""
    answer = client.post("/v1/datasets", json={"data_path": str(path)})
    answer.raise_for_status()
    dataset = answer.json()
    while client.get(f"/v1/datasets/{dataset['id']}").json()["state"] != "ready":
        time.sleep(0.02)
    return int(dataset["id"])


def _import(stack: Stack, client: httpx2.Client, path: Path, other: int) -> Iterator[Row]:
    """Import a million rows while another dataset is read and labelled."""
    waits: list[float] = []

    async def meanwhile(until: asyncio.Event) -> None:
        headers = dict(stack.service_headers)
        async with httpx2.AsyncClient(base_url=stack.urls["tagging"], headers=headers) as others:
            number = 0
            while not until.is_set():
                number += 1
                start = time.perf_counter()
                body = {"toggle": ["100"]}
                await others.patch(f"/v1/datasets/{other}/rows/{number % SMALL}/tags", json=body)
                waits.append(time.perf_counter() - start)
                start = time.perf_counter()
                await others.get(f"/v1/datasets/{other}/rows?from={number}&limit=10")
                waits.append(time.perf_counter() - start)
                await asyncio.sleep(0.005)

    async def both() -> float:
        done = asyncio.Event()
        asking = asyncio.create_task(meanwhile(done))
        await asyncio.sleep(0.2)
        start = time.perf_counter()
        await asyncio.to_thread(open_dataset, client, path)
        seconds = time.perf_counter() - start
        done.set()
        await asking
        return seconds

    seconds = asyncio.run(both())
    worst = _percentile(waits, 0.99) * 1000
    peak = _peak_mib("tagging")
    yield Row("import of 1,000,000 rows, 5 tags", seconds, 20, "s", 1, seconds <= 20)
    yield Row("the same: memory of the service", peak * 1024, 600 * 1024, "KiB", 1, peak <= 600)
    yield Row("the same: another dataset meanwhile, 99 in 100", worst, 100, "ms", 1, worst <= 100)


def _labels(stack: Stack, dataset: int) -> list[Row]:
    way = Way(stack.urls["tagging"], _header(stack))
    rounds = [_label_load(way, dataset, 1, start) for start in range(ROUNDS)]
    one = statistics.median(each.median_ms for each in rounds)
    rates = [_label_load(way, dataset, 4, start).per_second for start in range(ROUNDS)]
    four = statistics.median(rates)
    return [
        Row("one label, durable, one client, median", one, 3, "ms", 1, one <= 3),
        Row(
            "labels, durable, four clients", four, 1500, "1/s", 1, four >= 1500, "the least wanted beside it"
        ),
    ]


def _label_load(way: Way, dataset: int, connections: int, start: int) -> Load:
    arguments = (str(dataset), str(SMALL), str(start * 101))
    return load(way, "", connections, script=HERE / "labels.lua", arguments=arguments)


def _mass(client: httpx2.Client, dataset: int) -> Row:
    def once(number: int) -> float:
        first = number * SMALL
        body = {"rows": {"range": [first, first + SMALL - 1]}, "toggle": ["100"]}
        return _timed(lambda: client.post(f"/v1/datasets/{dataset}/tag", json=body).raise_for_status())

    seconds = statistics.median(once(number) for number in range(ROUNDS))
    return Row("100,000 rows tagged in one call", seconds, 1, "s", 1, seconds <= 1)


def _pages(client: httpx2.Client, dataset: int) -> Row:
    waits = []
    for number in range(PAGE_ROUNDS):
        for query in PAGES:
            begin = "" if "from=" in query else f"&from={(number * 47_123) % LARGE}"
            url = f"/v1/datasets/{dataset}/rows?{query}{begin}"
            waits.append(_timed(lambda u=url: client.get(u).raise_for_status()))  # type: ignore[misc]
    worst = _percentile(waits, 0.99) * 1000
    note = f"{len(PAGES)} filters from {PAGE_ROUNDS} places; median {statistics.median(waits) * 1000:.1f} ms"
    return Row("a page of 1,000,000 rows, any filter, 99 in 100", worst, 50, "ms", 1, worst <= 50, note)


def _saves(client: httpx2.Client, folder: Path, dataset: int, rows: int, most: float) -> Row:
    """Each save after a label, beside pandas' to_csv of the same table, in turns."""
    table = pd.read_csv(folder / f"{rows}.csv")
    ours, theirs = [], []
    for number in range(ROUNDS):
        body = {"toggle": ["100"]}
        client.patch(f"/v1/datasets/{dataset}/rows/{number}/tags", json=body).raise_for_status()
        ours.append(_timed(lambda: client.post(f"/v1/datasets/{dataset}/save").raise_for_status()))
        theirs.append(_timed(lambda: table.to_csv(folder / "pandas.csv", index=False)))
    own, pandas = statistics.median(ours) * 1000, statistics.median(theirs) * 1000
    met = own <= most and pandas / own >= 5
    note = f"pandas to_csv: {pandas:,.0f} ms, {pandas / own:.1f} times as long (5 wanted)"
    return Row(f"save of {rows:,} rows, durable", own, most, "ms", 1, met, note)


def _label_and_save(stack: Stack, folder: Path, dataset: int) -> Row:
    table = pd.read_csv(folder / f"{SMALL}.csv")
    ours = label_and_save_rate(stack.urls["tagging"], dict(stack.service_headers), dataset, SMALL)
    seconds = statistics.median(
        _timed(lambda: table.to_csv(folder / "pandas.csv", index=False)) for _ in range(ROUNDS)
    )
    theirs = 1 / seconds
    note = "100,000 rows, up to 64 under way; beside pandas to_csv after each label"
    return Row("label and save after each, pipelined", ours, theirs, "1/s", 50, ours / theirs >= 50, note)


def _images(stack: Stack, client: httpx2.Client, folder: Path) -> Row:
    lines = ["file_path,tag_code_1"]
    for number, content in enumerate(copies(photo(320, 240), IMAGES)):
        (folder / f"{number}.jpg").write_bytes(content)
        lines.append(f"{number}.jpg,False")
    (folder / "images.csv").write_text("\n".join(lines) + "\n")
    dataset = open_dataset(client, folder / "images.csv")
    pictures = folder / "pictures"
    pictures.mkdir()
    for number in range(IMAGES):
        (folder / f"{number}.jpg").rename(pictures / f"{number}.jpg")
        (folder / f"{number}.jpg").symlink_to(pictures / f"{number}.jpg")
    with memory_server("darkroom", str(pictures), stack) as url:
        header = _header(stack)
        script = HERE / "rows.lua"
        rates = in_turns(
            {
                "ours": lambda: (
                    load(
                        Way(stack.urls["tagging"], header),
                        "",
                        4,
                        script=script,
                        arguments=(str(IMAGES), str(dataset)),
                    ).per_second
                ),
                "memory": lambda: (
                    load(Way(url, header), "", 4, script=script, arguments=(str(IMAGES), "memory")).per_second
                ),
            }
        )
    ratio = rates["ours"] / rates["memory"]
    note = "16 images in turn, 4 connections; the same server from memory"
    return Row(
        "image of a row, 20 KB, direct", rates["ours"], rates["memory"], "1/s", 0.8, ratio >= 0.8, note
    )


def _timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _percentile(values: list[float], part: float) -> float:
    return sorted(values)[min(int(len(values) * part), len(values) - 1)]


def _header(stack: Stack) -> str:
    return f"X-Darkroom-Service-Token: {stack.service_token}"


def _peak_mib(service: str) -> float:
    """The most memory that the service's process has had, in MiB."""
    most = 0.0
    for status in Path("/proc").glob("[0-9]*/status"):
        with _passing():
            command = (status.parent / "cmdline").read_bytes().split(b"\0")
            if command[-2:-1] == [service.encode()] and b"shared.web.serve" in command:
                text = status.read_text()
                most = max(most, int(text.partition("VmHWM:")[2].split()[0]) / 1024)
    return most


@contextmanager
def _passing() -> Iterator[None]:
    """For processes that end while they are looked at."""
    try:
        yield
    except (OSError, IndexError, ValueError):
        return
