"""A drive to tag: frames of three cameras, each a window that moves over a photograph, and their CSV."""

import csv
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

CAMERAS = ("front", "left", "right")
TAGS = {100: "pedestrian", 200: "cyclist", 300: "rain"}
FRAMES = 48
FRAMES_PER_CLIP = 12
SIZE = (640, 400)
ROOM = 1.25  # the photograph is this much larger than the window, to each side


def make_drive(folder: Path, photographs: Sequence[Path]) -> tuple[Path, Path]:
    """Write pictures, data CSV and metadata CSV, and tell where the CSVs are. It takes three photographs."""
    folder.mkdir(exist_ok=True)
    wide = (round(SIZE[0] * ROOM), round(SIZE[1] * ROOM))
    seen = [Image.open(path).convert("RGB").resize(wide) for path in photographs[: len(CAMERAS)]]
    lines: list[Sequence[object]] = []
    for frame in range(FRAMES):
        left = (wide[0] - SIZE[0]) * frame // FRAMES
        top = (wide[1] - SIZE[1]) * frame // FRAMES
        for camera, picture in zip(CAMERAS, seen, strict=True):
            name = f"{frame:02d}_{camera}.jpg"
            picture.crop((left, top, left + SIZE[0], top + SIZE[1])).save(folder / name, quality=85)
            # The first two clips are tagged, as if someone had begun.
            begun = frame < 2 * FRAMES_PER_CLIP
            marks = [begun and frame % (place + 2) == 0 for place in range(len(TAGS))]
            lines.append((name, f"clip_{frame // FRAMES_PER_CLIP + 1}", camera, *marks))
    data, meta = folder / "drive.csv", folder / "drive_meta.csv"
    columns = ("file_path", "clip_id", "modality", *(f"tag_code_{code}" for code in TAGS))
    _write(data, [columns, *lines])
    _write(meta, [("code", "alias"), *TAGS.items()])
    return data, meta


def _write(path: Path, lines: Sequence[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(lines)
