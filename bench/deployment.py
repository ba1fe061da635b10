"""What is outgrown beside what replaces it, in the same run: PostgreSQL beside SQLite, a Dask cluster of
separate processes beside the embedded engine, and uploads to S3 beside obstore alone."""

import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2

from bench import jobs
from bench.engines import HEADERS, TOKEN, dask_cluster, postgresql, service, swift
from bench.memory import at_rest
from bench.photos import photo
from bench.rows import Row
from bench.stack import CACHE, ROOT, Stack, running_stack
from bench.tables import write_table
from bench.tagging import open_dataset
from bench.wrk import ROUND_SECONDS, Way, load

HERE = Path(__file__).parent
HEADER = f"X-Darkroom-Service-Token: {TOKEN}"
CLIENTS = 4
ROUNDS = 5
ROWS = 100_000
WORKERS = 2
IMAGES = 200
PHOTO = (1280, 720)  # about 200 KB
LABELS, JOBS, UPLOADS = 0.7, 0.9, 0.7
MOST_MIB = 700
SETTLE_SECONDS = 10.0  # after it is ready


def run(_stack: Stack) -> list[Row]:
    """The table's rows. The memory is that of a stack of its own, which has had nothing to do."""
    with running_stack() as fresh:
        time.sleep(SETTLE_SECONDS)
        memory = _memory(fresh)
    with tempfile.TemporaryDirectory(dir=CACHE) as name:
        folder = Path(name)
        return [memory, _labels(folder), _cluster(folder), _uploads(folder)]


def _memory(stack: Stack) -> Row:
    found = at_rest(stack.data_dir)
    rss, pss = sum(each.rss for each in found), sum(each.pss for each in found)
    parts = ", ".join(f"{each.name} {each.rss:.0f}" for each in found)
    note = f"RSS of {len(found)} processes, shared pages counted in each; PSS {pss:.0f} MiB. In MiB: {parts}"
    limit = MOST_MIB * 1024
    return Row("memory of the whole stack at rest", rss * 1024, limit, "KiB", 1, rss <= MOST_MIB, note)


def _labels(folder: Path) -> Row:
    table = folder / "labels.csv"
    write_table(table, ROWS)
    with ExitStack() as running:
        database = running.enter_context(postgresql()).new_database()
        given = {"DARKROOM_TAGGING_ROOTS": str(folder)}
        engines = {
            "sqlite": given,
            "postgresql": {**given, "DARKROOM_TAGGING_DATABASE_URL": database},
        }
        ways = {}
        for name, settings in engines.items():
            url = running.enter_context(service("tagging", folder / name, **settings)).url
            with httpx2.Client(base_url=url, headers=HEADERS, timeout=60, trust_env=False) as client:
                ways[name] = (Way(url, HEADER), open_dataset(client, table))
        found: dict[str, list[float]] = {name: [] for name in ways}
        for turn in range(ROUNDS + 1):
            for name, (way, dataset) in ways.items():
                arguments = (str(dataset), str(ROWS), str(turn * 101))
                made = load(way, "", CLIENTS, script=HERE / "labels.lua", arguments=arguments)
                found[name] += [made.per_second] if turn else []
    ours, reference = (statistics.median(found[name]) for name in ("postgresql", "sqlite"))
    note = "the same service on SQLite; both durable, on one disk, in turns"
    work = f"labels on PostgreSQL, {CLIENTS} clients"
    return Row(work, ours, reference, "1/s", LABELS, ours >= LABELS * reference, note)


def _cluster(folder: Path) -> Row:
    """Both wait for work at the same time, and take turns."""
    photos = jobs.photos()
    blobs = (folder / "blobs").as_uri()
    with ExitStack() as running:
        given = {"DARKROOM_BLOBS_URL": blobs, "DARKROOM_DATA_DIR": str(folder / "cluster")}
        scheduler = running.enter_context(dask_cluster(WORKERS, given))
        engines = {
            "embedded": {"DARKROOM_PROCESSING_WORKERS": str(WORKERS)},
            "cluster": {"DARKROOM_DASK_SCHEDULER": scheduler, "DARKROOM_BLOBS_URL": blobs},
        }
        found: dict[str, list[float]] = {}
        clients = {}
        for name, settings in engines.items():
            url = running.enter_context(service("processing", folder / name, **settings)).url
            clients[name] = running.enter_context(jobs.client(url, TOKEN))
            jobs.finish(clients[name], jobs.submit(clients[name], photos[:4], jobs.MIXED))
        for _ in range(3):
            for name, http in clients.items():
                seconds = jobs.finish(http, jobs.submit(http, photos, jobs.MIXED, IMAGES))
                found.setdefault(name, []).append(IMAGES / seconds)
    ours, reference = (statistics.median(found[name]) for name in ("cluster", "embedded"))
    note = f"the embedded engine with {WORKERS} workers, in turns"
    work = f"a job of {IMAGES} images on a cluster of {WORKERS} worker processes"
    return Row(work, ours, reference, "images/s", JOBS, ours >= JOBS * reference, note)


def _uploads(folder: Path) -> Row:
    source = folder / "source.jpg"
    source.write_bytes(photo(*PHOTO))
    found: dict[str, list[float]] = {"ours": [], "obstore": []}
    with swift(folder / "swift") as server:
        url = server.new_prefix()
        with service("imagestore", folder / "imagestore", DARKROOM_BLOBS_URL=url) as running:
            for turn in range(ROUNDS + 1):
                arguments = (str(source), f"bench-{secrets.token_hex(4)}")
                way = Way(running.url, HEADER)
                ours = load(way, "", CLIENTS, script=HERE / "uploads.lua", arguments=arguments).per_second
                bare = _bare(url, source)
                if turn:
                    found["ours"].append(ours)
                    found["obstore"].append(bare)
    ours, reference = (statistics.median(found[name]) for name in ("ours", "obstore"))
    note = f"{source.name} of {PHOTO[0]}x{PHOTO[1]}, {CLIENTS} threads of a bare script; OpenStack Swift"
    work = f"uploads of 200 KB to S3, {CLIENTS} clients"
    return Row(work, ours, reference, "1/s", UPLOADS, ours >= UPLOADS * reference, note)


def _bare(url: str, source: Path) -> float:
    command: list[Any] = [sys.executable, "-m", "bench.bare_s3", url, source, str(CLIENTS)]
    said = subprocess.run(
        [*command, str(ROUND_SECONDS)], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    return float(said)
