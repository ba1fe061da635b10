"""Cameras over SSH on loopback: what reading clips costs in bytes and round trips, and a clip's content
through the service beside `sftp get` from the same OpenSSH server.
"""

import http.client
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from bench.rows import Row
from bench.stack import CACHE, Stack
from demo.card import CardPlan, make_card
from demo.clips import ClipPlan, make_clip
from demo.openssh import MISSING, OpenSsh
from demo.simulated import SimulatedCamera
from services.sdcard.camera import CameraAddress
from services.sdcard.cameras import Cameras, CameraSession
from services.sdcard.card import clip_id
from services.sdcard.limits import CameraLimits
from services.sdcard.media import Media, MediaLimits
from services.sdcard.remote_view import Readable

PROPERTIES_SHARE, THUMBNAIL_SHARE = 2.0, 4.0  # per cent of a clip at most
SLOW_SECONDS, SLOW_ROUND_TRIP = 12.0, 0.03
CONTENT_RATIO = 0.5
EDGE = 320
ROUNDS = 5
# A minute as cameras write it: 6 MB and a little.
CLIP = ClipPlan(seconds=60, fps=25, width=640, height=360, kbps=850)
HOUR = CardPlan(days=1, hours=1, oddities=False, clip=ClipPlan(seconds=2))
LARGE_BYTES = 64 * 1024 * 1024
PLACE = ("2026-11-20", "09", "1-0900.mp4")
PIECE = 1024 * 1024


def run(stack: Stack) -> list[Row]:
    """The table's rows. Raises RuntimeError where there is no OpenSSH to compare with."""
    CACHE.mkdir(exist_ok=True)
    rows = [*_bytes_read(), _slow_way()]
    if MISSING:
        raise RuntimeError(MISSING)
    return [*rows, *_content(stack)]


class Counted:
    """A clip in memory, with what is read of it counted."""

    def __init__(self, content: bytes) -> None:
        self.size = len(content)
        self.read = 0
        self._content = content

    def read_at(self, offset: int, length: int) -> bytes:
        """One piece."""
        return self.read_many([(offset, length)])[0]

    def read_many(self, spans: Sequence[tuple[int, int]]) -> list[bytes]:
        """Several pieces."""
        found = [self._content[offset : offset + length] for offset, length in spans]
        self.read += sum(map(len, found))
        return found


def _bytes_read() -> list[Row]:
    content = make_clip(CLIP)
    media = Media(MediaLimits())
    works: list[tuple[str, Callable[[Readable], object], float]] = [
        ("properties", media.properties, PROPERTIES_SHARE),
        ("properties and thumbnail", lambda file: media.read(file, EDGE), THUMBNAIL_SHARE),
    ]
    rows = []
    for name, work, share in works:
        file = Counted(content)
        work(file)
        ours, limit = file.read / 1024, len(content) * share / 100 / 1024
        note = f"{file.read / len(content):.2%} of {len(content) / 1e6:.1f} MB; {share:g} % at most"
        rows.append(Row(f"read of a clip for {name}", ours, limit, "KiB", 1, ours <= limit, note))
    return rows


def _slow_way() -> Row:
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        make_card(Path(folder) / "card", HOUR)
        with SimulatedCamera(Path(folder) / "card") as camera:
            limits = CameraLimits(networks="127.0.0.0/8")
            cameras = Cameras(limits)
            address = CameraAddress(
                "slow", camera.host, camera.port, camera.user, camera.password, None, camera.fingerprint
            )
            camera.tell(f"delay {SLOW_ROUND_TRIP}")
            try:
                with cameras.session(address) as session:
                    seconds, clips = _hour_of_properties(session, camera.card_path, limits.sessions)
            finally:
                cameras.close()
    note = f"{clips} clips, connecting and listing included, {limits.sessions} at a time"
    work = f"properties with {SLOW_ROUND_TRIP * 1000:.0f} ms a round trip"
    return Row(work, seconds, SLOW_SECONDS, "s", 1, seconds <= SLOW_SECONDS, note)


def _hour_of_properties(session: CameraSession, card_path: str, threads: int) -> tuple[float, int]:
    media = Media(MediaLimits())
    folder = f"{card_path}/{HOUR.last.isoformat()}/{HOUR.first_hour:02d}"

    def read(name: str) -> str:
        with session.open(f"{folder}/{name}") as file:
            return media.properties(file).state

    began = time.perf_counter()
    names = [entry.name for entry in session.list_folder(folder)]
    with ThreadPoolExecutor(threads) as pool:
        states = list(pool.map(read, names))
    seconds = time.perf_counter() - began
    if set(states) != {"whole"}:
        raise RuntimeError(f"clips are {set(states)}")
    return seconds, len(states)


def _content(stack: Stack) -> list[Row]:
    folder = Path(tempfile.mkdtemp(prefix="ssh-", dir=CACHE))
    clip = folder / "card" / Path(*PLACE)
    clip.parent.mkdir(parents=True)
    clip.write_bytes(os.urandom(LARGE_BYTES))
    server = OpenSsh(folder / "ssh")
    try:
        with _known(stack, server, folder / "card") as path:
            ours = statistics.median(_through_service(stack, path) for _ in range(ROUNDS))
            connecting = statistics.median(_sftp(server, "pwd") for _ in range(ROUNDS))
            get = f"get {clip} {folder}/got"
            whole = statistics.median(_sftp(server, get) for _ in range(ROUNDS))
    finally:
        server.close()
        shutil.rmtree(folder)
    rate, reference = LARGE_BYTES / ours / 1e6, LARGE_BYTES / (whole - connecting) / 1e6
    note = (
        f"{LARGE_BYTES / 1e6:.0f} MB from OpenSSH on loopback; sftp without the {connecting * 1000:.0f} ms "
        "that its connection takes"
    )
    met = rate / reference >= CONTENT_RATIO
    return [Row("a clip's content through the service", rate, reference, "MB/s", CONTENT_RATIO, met, note)]


@contextmanager
def _known(stack: Stack, server: OpenSsh, card: Path) -> Iterator[str]:
    """The path of the clip's content, once the service knows the camera."""
    headers = dict(stack.service_headers)
    with httpx2.Client(base_url=stack.urls["sdcard"], headers=headers, timeout=60, trust_env=False) as client:
        body = {
            "id": "content", "host": server.host, "port": server.port, "user": server.user,
            "password": server.password, "card_path": str(card),
        }  # fmt: skip
        client.post("/v1/cameras", json=body).raise_for_status()
        try:
            accepted = {"fingerprint": server.fingerprint}
            client.get("/v1/cameras/content", params={"wait": 20}).raise_for_status()
            client.post("/v1/cameras/content/host-key", json=accepted).raise_for_status()
            client.get("/v1/cameras/content", params={"wait": 20}).raise_for_status()
            yield f"/v1/cameras/content/clips/{clip_id(*PLACE)}/content"
        finally:
            client.delete("/v1/cameras/content")


def _through_service(stack: Stack, path: str) -> float:
    connection = http.client.HTTPConnection(urlsplit(stack.urls["sdcard"]).netloc, timeout=60)
    try:
        began = time.perf_counter()
        connection.request("GET", path, headers=dict(stack.service_headers))
        answer = connection.getresponse()
        length = 0
        while piece := answer.read(PIECE):
            length += len(piece)
        seconds = time.perf_counter() - began
    finally:
        connection.close()
    if (answer.status, length) != (200, LARGE_BYTES):
        raise RuntimeError(f"{answer.status}, {length} bytes")
    return seconds


def _sftp(server: OpenSsh, command: str) -> float:
    began = time.perf_counter()
    options = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "BatchMode=yes", "LogLevel=ERROR")
    subprocess.run(
        [
            "sftp", "-q", "-b", "-", "-P", str(server.port), "-i", str(server.key_file),
            *(part for option in options for part in ("-o", option)), f"{server.user}@{server.host}",
        ],
        input=command.encode(), stdout=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    return time.perf_counter() - began
