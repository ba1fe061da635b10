"""The benchmark's images: what is said of them holds, or the figures would be of something else."""

import hashlib
import io

from PIL import Image

from bench.photos import copies, photo


def test_copies_are_the_same_picture_with_other_digests() -> None:
    original = photo(320, 240)
    made = list(copies(original, 3))

    assert len({hashlib.sha256(one).digest() for one in made}) == 3
    pictures = {Image.open(io.BytesIO(one)).convert("RGB").tobytes() for one in (original, *made)}
    assert len(pictures) == 1


def test_sizes_are_those_of_the_table() -> None:
    assert 18_000 < len(photo(320, 240)) < 28_000
    assert 180_000 < len(photo(1280, 720)) < 220_000
