"""Backups: a copy of images and rows and its restore, beside tar of the same files, which checks nothing."""

import os
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path

from sqlalchemy import insert

from bench.rows import Row
from bench.stack import CACHE, Stack
from services.imagestore.blob_keys import blob_key
from services.imagestore.tables import blobs, images
from shared.database.types import now
from tests.scripts.stack_process import ROOT
from tests.shared.backup.small_system import SmallSystem
from tests.stack import bare_environment

BLOBS, BLOB_BYTES, ROWS = 2500, 200_000, 100_000
MB = 1_000_000


def run(_stack: Stack) -> list[Row]:
    """The table's rows: a system without processes, half a gigabyte and 100,000 images of it."""
    with tempfile.TemporaryDirectory(dir=CACHE) as name:
        folder = Path(name)
        store = _fill(folder / "data") / "imagestore" / "blobs"
        size = BLOBS * BLOB_BYTES / MB
        tarred = _seconds(["tar", "-cf", str(folder / "plain.tar"), "-C", str(store), "blobs"])
        made = _backup("create", folder / "copy", folder / "data")
        (folder / "plain").mkdir()
        untarred = _seconds(["tar", "-xf", str(folder / "plain.tar"), "-C", str(folder / "plain")])
        restored = _backup("restore", folder / "copy", folder / "back")
    told = f"{BLOBS} blobs of {BLOB_BYTES // 1000} KB, {ROWS:,} images in SQLite; beside tar of the blobs"
    return [
        Row("a backup", size / made, size / tarred, "MB/s", 0, meets=True, note=told),
        Row("a restore, checked before", size / restored, size / untarred, "MB/s", 0, meets=True, note=told),
    ]


def _fill(data: Path) -> Path:
    system = SmallSystem(data)
    system.start_once()
    part = system.part("imagestore")
    assert part.blobs is not None
    moment, found = now(), []
    for _ in range(BLOBS):
        content = os.urandom(BLOB_BYTES)
        found.append(sha256(content).hexdigest())
        part.blobs.put(blob_key(found[-1]), content, durable=False)
    times = dict.fromkeys(("shown_at", "created_at", "updated_at"), moment)
    same = {"size": BLOB_BYTES, "media_type": "image/jpeg", "width": 1, "height": 1, "version": 1, **times}
    rows = []
    for number in range(ROWS):
        name = f"trip/{number:06}.jpg"
        rows.append({"name": name, "folded_name": name, "digest": found[number % BLOBS], **same})
    kept = [{"digest": digest, "size": BLOB_BYTES, "created_at": moment} for digest in found]
    with part.engine() as engine, engine.begin() as connection:
        connection.execute(insert(blobs), kept)
        connection.execute(insert(images), rows)
    os.sync()
    return data


def _backup(command: str, place: Path, data: Path) -> float:
    given = {"DARKROOM_DATA_DIR": str(data), "DARKROOM_SERVICES": "imagestore"}
    return _seconds([sys.executable, "-m", "shared.backup", command, str(place)], **given)


def _seconds(command: list[str], **given: str) -> float:
    """How long the program takes until all that it has written is on disk."""
    begun = time.perf_counter()
    subprocess.run(command, cwd=ROOT, env=bare_environment(**given), check=True, capture_output=True)
    os.sync()
    return time.perf_counter() - begun
