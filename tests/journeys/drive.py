"""A drive to label: frames of three cameras, cut from photographs, and the CSV that names them."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import httpx2
from PIL import Image

from tests.journeys.photos import photo

CAMERAS = {"front": "coffee.png", "left": "chelsea.png", "right": "rocket.jpg"}
CODES = (100, 101, 102)
ALIASES = ("pedestrian", "cyclist", "rain")
SIZE = (320, 180)


@dataclass(frozen=True)
class Drive:
    """Rows in the order of the CSV: frame by frame, camera by camera."""

    folder: Path
    clips: int = 2
    frames: int = 12

    @property
    def rows(self) -> int:
        """How many there are."""
        return self.clips * self.frames * len(CAMERAS)

    def make(self) -> None:
        """Write the pictures, the data CSV and the metadata CSV."""
        self.folder.mkdir(parents=True, exist_ok=True)
        pictures = {
            camera: Image.open(io.BytesIO(photo(name).data)).convert("RGB").resize((480, 270))
            for camera, name in CAMERAS.items()
        }
        lines = []
        for clip in range(self.clips):
            for frame in range(self.frames):
                for camera, picture in pictures.items():
                    name = f"{clip}_{frame:02}_{camera}.jpg"
                    left, top = frame * 6, frame * 4 + clip * 8
                    box = (left, top, left + SIZE[0], top + SIZE[1])
                    picture.crop(box).save(self.folder / name, quality=85)
                    lines.append([name, f"clip_{clip}", camera, *("False" for _ in CODES)])
        with (self.folder / "drive.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["file_path", "clip_id", "modality", *(f"tag_code_{code}" for code in CODES)])
            writer.writerows(lines)
        names = "".join(f"{code},{alias}\n" for code, alias in zip(CODES, ALIASES, strict=True))
        (self.folder / "meta.csv").write_text(f"code,alias\n{names}")

    def open(self, client: httpx2.Client, *, multiple: bool = True, name: str = "Drive") -> int:
        """A dataset of it, which saves into a folder of its own; its id."""
        place = self.folder / f"saved {name}"
        place.mkdir()
        wanted = {
            "name": name,
            "data_path": str(self.folder / "drive.csv"),
            "meta_path": str(self.folder / "meta.csv"),
            "save_to": str(place),
            "multiple_selection": multiple,
        }
        answer = client.post("/api/tagging/v1/datasets", json=wanted)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])


def tags_of(client: httpx2.Client, dataset: int) -> list[str]:
    """The tags of each row as the service has them: codes with + between, or nothing."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        given: dict[str, str | int] = {"limit": 1000, **({"cursor": cursor} if cursor else {})}
        page = client.get(f"/api/tagging/v1/datasets/{dataset}/rows", params=given).json()
        found += ["+".join(code for code, value in row["tags"].items() if value) for row in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def saved_tags(path: Path) -> list[str]:
    """The same of a CSV."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        "+".join(str(code) for code in CODES if row[f"tag_code_{code}"].strip() == "True") for row in rows
    ]
