"""A batch as it is kept, and the picture of an error."""

import io
from pathlib import Path

from PIL import Image

from gateway.legacy.batch import IN_MEMORY, OPERATIONS, Batch
from gateway.legacy.error_picture import error_picture
from gateway.legacy.processing import IMAGE_SENT, ImageData, ImageEnd, Operation


def test_images_lie_one_behind_the_other_in_memory_and_on_disk(tmp_path: Path) -> None:
    contents = [bytes([number]) * size for number, size in enumerate((10, IN_MEMORY, 1, 100_000))]
    batch = Batch(tmp_path, 2 * IN_MEMORY)
    for content in contents:
        for at in range(0, len(content), 65_536):
            batch.take(ImageData(content[at : at + 65_536]))
        batch.take(ImageEnd(len(content)))
        batch.take(Operation(2))
    assert [place for place, _image in batch.good()] == [0, 1, 2, 3]
    for content, image in zip(contents, batch.images, strict=True):
        window = batch.content(image)
        assert window.seek(0, io.SEEK_END) == len(content)
        window.seek(0)
        assert window.read(7) == content[:7]
        assert window.read() == content[7:]
        assert window.read(1) == b""
    assert list(tmp_path.iterdir()) == []  # the file on disk has no name, and goes with the process
    batch.close()


def test_what_is_wrong_with_an_image_is_known_before_the_job(tmp_path: Path) -> None:
    batch = Batch(tmp_path, 100)
    for end, digit in (
        (ImageEnd(0), 1),
        (ImageEnd(101, dropped=True), 1),
        (ImageEnd(3), 0),
        (ImageEnd(3), 8),
    ):
        batch.take(ImageData(b"abc"[: end.size]))
        batch.take(end)
        batch.take(Operation(digit))
    problems = [image.problem for image in batch.images]
    assert problems == [
        "the image is empty",
        "the image has more than 100 bytes",
        "there is no operation 0; there are 1 to 8",
        "",
    ]
    assert [place for place, _image in batch.good()] == [3]
    batch.close()


def test_there_is_an_operation_for_each_digit_of_the_protocol() -> None:
    names = [OPERATIONS[digit].operation for digit in range(1, 9)]
    assert names == [
        "edge_detection",
        "colour_inversion",
        "corner_detection",
        "sift_features",
        "denoise",
        "erosion",
        "dilation",
        "histogram_equalisation",
    ]


def test_the_picture_of_an_error_shows_its_text() -> None:
    long, short = error_picture("too large " * 200), error_picture("no")
    empty = Image.new("RGB", (640, 360), "white")
    for jpeg in (long, short):
        picture = Image.open(io.BytesIO(jpeg))
        assert (picture.format, picture.size) == ("JPEG", empty.size)
        assert IMAGE_SENT not in jpeg
        assert len(jpeg) < 200_000
    dark = [
        sum(pixel < 128 for pixel in Image.open(io.BytesIO(jpeg)).convert("L").tobytes())
        for jpeg in (long, short)
    ]
    assert dark[0] > 20 * dark[1] > 0
