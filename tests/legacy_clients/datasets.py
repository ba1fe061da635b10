"""Tagged datasets on disk, with an image a row, and what they should look like to an old client."""

import time
from pathlib import Path

import httpx2

from bench.photos import copies, photo

CAMERAS = ("left", "right")


def write_dataset(folder: Path, *, clips: int = 3, frames: int = 4) -> Path:
    """A CSV in form A with clips grouped by camera: its path. Images are beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = iter(copies(photo(160, 120), clips * frames * len(CAMERAS)))
    lines = ["file_path,clip_id,modality,tag_code_100, tag_code_101,note"]
    for clip in range(clips):
        for camera in CAMERAS:
            for frame in range(frames):
                path = folder / f"clip{clip}_{camera}_{frame}.jpg"
                path.write_bytes(next(contents))
                lines.append(f"{path},clip{clip},{camera},False,{frame == 1},kept")
    (folder / "data.csv").write_text("\n".join(lines) + "\n")
    (folder / "meta.csv").write_text("code,alias\n100,pedestrian\n")
    return folder / "data.csv"


def row_paths(folder: Path, *, clips: int = 3, frames: int = 4) -> list[Path]:
    """The image of each index: within a clip frame by frame, camera by camera."""
    return [
        folder / f"clip{clip}_{camera}_{frame}.jpg"
        for clip in range(clips)
        for frame in range(frames)
        for camera in CAMERAS
    ]


def open_dataset(client: httpx2.Client, path: Path, **more: object) -> int:
    """Make a dataset of the CSV, and wait until it is ready: its id."""
    body = {"data_path": str(path), "meta_path": str(path.with_name("meta.csv")), "save_to": "same_file"}
    answer = client.post("/v1/datasets", json={**body, **more})
    assert answer.status_code < 300, answer.text
    dataset_id = int(answer.json()["id"])
    end = time.monotonic() + 30
    while client.get(f"/v1/datasets/{dataset_id}").json()["state"] != "ready":
        assert time.monotonic() < end
        time.sleep(0.02)
    return dataset_id
