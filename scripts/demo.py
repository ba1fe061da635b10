"""`make demo`: the stack with sample data: images, a tagged dataset, and a simulated camera behind real SSH.

All of it lives in a folder of its own (`data-demo`, or DARKROOM_DATA_DIR) and stays there for the next time.
"""

import asyncio
import importlib.util
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2

from demo.card import CardPlan, make_card
from demo.clips import ClipPlan
from demo.drive import make_drive
from demo.simulated import SimulatedCamera
from shared.clients.base import ProblemAnswer
from shared.clients.imagestore import ImageStoreClient
from shared.clients.sdcard import SdcardClient
from shared.contracts.sdcard import NewScan

ROOT = Path(__file__).resolve().parent.parent
READY = "Darkroom is ready: "
CAMERA = "demo"
PICTURES = ("*.jpg", "*.png")
MOST = 14  # files: the largest are those worth looking at
LOOPBACK = "127.0.0.0/8"
WAIT = 20.0
LIKED = ("motorcycle_left", "motorcycle_right", "coffee")


def main() -> int:
    """Run until Ctrl+C or SIGTERM; the exit code of the stack."""
    folder = (ROOT / Path(os.environ.get("DARKROOM_DATA_DIR") or "data-demo").expanduser()).resolve()
    samples = folder / "samples"
    samples.mkdir(mode=0o700, parents=True, exist_ok=True)
    pictures = _pictures(samples / "pictures")
    print("Making the simulated camera's card ...", flush=True)
    key_file = samples / "camera.key"
    _fill_card(samples / "card")
    with SimulatedCamera(samples / "card", "--host-key", str(key_file)) as camera:
        environment = _environment(folder, samples, camera)
        with _stack(environment) as (process, address):
            origin, _, key = address.partition("/#key=")
            filling = threading.Thread(
                target=_fill, args=(origin, key, pictures, samples, camera.fingerprint), daemon=True
            )
            filling.start()
            return process.wait()


def _fill_card(card: Path) -> None:
    """A clip a minute, each a minute long: what is missing then is what a test engineer looks for."""
    if not card.exists():
        yesterday = datetime.now(UTC).date() - timedelta(days=1)
        make_card(card, CardPlan(last=yesterday, hours=2, clip=ClipPlan(seconds=60.0)))


def _environment(folder: Path, samples: Path, camera: SimulatedCamera) -> dict[str, str]:
    """The stack's settings: the camera in an INI file, and this machine among the networks of cameras."""
    ini = samples / "cameras.ini"
    ini.write_text(
        f"[{CAMERA}]\nhost = {camera.host}\nport = {camera.port}\nuser = {camera.user}\n"
        f"card_path = {camera.card_path}\nconfig_path = {camera.config_path}\nmodel = simulated\n"
    )
    return {
        **os.environ,
        "DARKROOM_DATA_DIR": str(folder),
        "CONFIG_INI": str(ini),
        "CAMUSERID": camera.user,
        "CAMPASSWORD": camera.password,
        "DARKROOM_SDCARD_CAMERA_NETWORKS": LOOPBACK,
        "DARKROOM_TAGGING_ROOTS": str(samples),
    }


@contextmanager
def _stack(environment: dict[str, str]) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """The stack as `make run` starts it, once it is ready, with its address; signals are passed on to it.

    Raises SystemExit when it does not start.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts.run"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda got, _frame: process.send_signal(got))
    assert process.stdout is not None
    for line in process.stdout:
        print(line, end="", flush=True)
        if line.startswith(READY):
            threading.Thread(target=_pass_on, args=(process.stdout,), daemon=True).start()
            yield process, line.removeprefix(READY).strip()
            return
    raise SystemExit(process.wait() or 1)


def _pass_on(lines: Iterator[str]) -> None:
    for line in lines:
        print(line, end="", flush=True)


def _fill(origin: str, key: str, pictures: Sequence[Path], samples: Path, fingerprint: str) -> None:
    """Put the samples in, by REST as anybody would; the stack may be ended meanwhile."""
    with suppress(httpx2.TransportError):
        asyncio.run(_fill_in(origin, key, pictures, samples, fingerprint))


async def _fill_in(origin: str, key: str, pictures: Sequence[Path], samples: Path, fingerprint: str) -> None:
    async with ImageStoreClient(f"{origin}/api/imagestore", key=key) as images:
        done = await images.upload([(path.name, path.read_bytes()) for path in pictures])
    print(f"Image store: {len(done.items)} pictures", flush=True)
    async with httpx2.AsyncClient(base_url=origin, headers={"Authorization": f"Bearer {key}"}) as client:
        await _add_dataset(client, pictures, samples)
    async with SdcardClient(f"{origin}/api/sdcard", key=key) as cameras:
        try:
            await _look_at_camera(cameras, fingerprint)
        except ProblemAnswer as error:
            print(f"The camera: {error}", flush=True)


async def _add_dataset(client: httpx2.AsyncClient, pictures: Sequence[Path], samples: Path) -> None:
    """A drive of three cameras, some of it tagged already; only once."""
    known = await client.get("/api/tagging/v1/datasets")
    if known.status_code != 200 or known.json()["items"]:
        return
    data, meta = make_drive(samples / "drive", _three_of(pictures))
    body = {"name": "Drive", "data_path": str(data), "meta_path": str(meta), "multiple_selection": True}
    answer = await client.post("/api/tagging/v1/datasets", json=body)
    print(f"Tagging: {'the dataset Drive' if answer.is_success else answer.text}", flush=True)


def _three_of(pictures: Sequence[Path]) -> list[Path]:
    """Those that look most like what cameras see, where they are there."""
    liked = sorted((path for path in pictures if path.stem in LIKED), key=lambda path: LIKED.index(path.stem))
    return [*liked, *(path for path in pictures if path not in liked)][:3]


async def _look_at_camera(cameras: SdcardClient, fingerprint: str) -> None:
    """Accept the camera's key, which we know to be its own, and read what is on its card."""
    seen = await cameras.camera(CAMERA, WAIT)
    if seen.host_key.offered == fingerprint:
        await cameras.accept_key(CAMERA, fingerprint)
        seen = await cameras.camera(CAMERA, WAIT)
    print(f"Camera {CAMERA!r}: {seen.state}, {seen.clips} clips of {seen.dates} dates", flush=True)
    if seen.state == "online":
        job = await cameras.finished(await cameras.scan(CAMERA, NewScan()))
        print(f"Camera {CAMERA!r}: scan {job.state}, {job.progress.done} clips read", flush=True)


def _pictures(folder: Path) -> list[Path]:
    """Some photographs that come with scikit-image where that is installed, else a few made here."""
    folder.mkdir(exist_ok=True)
    if not any(folder.iterdir()):
        found = importlib.util.find_spec("skimage")
        place = Path(found.origin).parent / "data" if found and found.origin else folder
        there = sorted(path for kind in PICTURES for path in place.glob(kind))
        for path in sorted(there, key=lambda one: -one.stat().st_size)[:MOST]:
            (folder / path.name).write_bytes(path.read_bytes())
    if not any(folder.iterdir()):
        _draw_pictures(folder)
    return sorted(folder.iterdir())


def _draw_pictures(folder: Path) -> None:
    from PIL import Image

    for number in range(MOST):
        tint = Image.new("RGB", (1280, 720), (20 * number, 255 - 20 * number, 128))
        noise = Image.effect_noise((1280, 720), 60).convert("RGB")
        Image.blend(tint, noise, 0.4).save(folder / f"sample-{number:02d}.jpg", quality=85)


if __name__ == "__main__":
    sys.exit(main())
