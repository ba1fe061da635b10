"""Data CSVs of any size, as the originals' users have them: one row an image, five tags."""

import random
from pathlib import Path

TAGS = 5
CAMERAS = ("front", "left", "right", "rear")
FRAMES_A_CLIP = 50


def write_table(path: Path, rows: int) -> None:
    """A CSV with `rows` rows in clips of four cameras, grouped by camera as the originals wrote them."""
    rng = random.Random(rows)
    with path.open("w") as file:
        file.write(
            "file_path,clip_id,modality," + ",".join(f"tag_code_{100 + t}" for t in range(TAGS)) + "\n"
        )
        made, clip = 0, 0
        while made < rows:
            clip += 1
            for camera in CAMERAS:
                for frame in range(FRAMES_A_CLIP):
                    if made == rows:
                        return
                    tags = ",".join("True" if rng.random() < 0.05 else "False" for _ in range(TAGS))
                    name = f"trip/clip_{clip:06d}/{camera}/frame_{frame:06d}.jpg"
                    file.write(f"{name},clip_{clip:06d},{camera},{tags}\n")
                    made += 1
