"""Real photographs: those that scikit-image has on disk."""

from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

# name: width, height, media type, read off the files with Pillow
SIZES = {
    "astronaut.png": (512, 512, "image/png"),
    "camera.png": (512, 512, "image/png"),
    "chelsea.png": (451, 300, "image/png"),
    "coffee.png": (600, 400, "image/png"),
    "hubble_deep_field.jpg": (1000, 872, "image/jpeg"),
    "ihc.png": (512, 512, "image/png"),
    "moon.png": (512, 512, "image/png"),
    "motorcycle_left.png": (741, 500, "image/png"),
    "retina.jpg": (1411, 1411, "image/jpeg"),
    "rocket.jpg": (640, 427, "image/jpeg"),
}


@dataclass(frozen=True)
class Photo:
    """A photograph, and what the store should say of it."""

    name: str
    path: Path
    data: bytes
    width: int
    height: int
    media_type: str

    @property
    def digest(self) -> str:
        """Of the bytes, as the store writes it."""
        return f"sha256:{sha256(self.data).hexdigest()}"


def photo(name: str) -> Photo:
    """One of the photographs."""
    found = find_spec("skimage")
    assert found is not None
    assert found.origin is not None
    path = Path(found.origin).parent / "data" / name
    return Photo(name, path, path.read_bytes(), *SIZES[name])


def ten_photos() -> list[Photo]:
    """All of them, ten."""
    return [photo(name) for name in SIZES]
