"""Files made to harm: refused on their header, with little memory; damaged ones never crash the reader."""

import contextlib
import io
import random
import struct
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import DarkroomError
from shared.imaging import BrokenImage, ImageInfo, ImageTooLarge, probe
from shared.imaging.pixels import decode
from tests.shared.imaging_samples import black_png, corners, exif, photo, png_chunk, saved, tiff

MEMORY = 50 * 1024 * 1024
KINDS = ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF"]


class Endless(io.RawIOBase):
    """A seekable file that starts with `head`, goes on with `body` again and again, and is 1 TB long."""

    size = 1 << 40

    def __init__(self, head: bytes, body: bytes) -> None:
        self._head, self._body, self._place, self.taken = head, body, 0, 0

    def seek(self, offset: int, whence: int = 0) -> int:
        self._place = offset if whence == 0 else self.size
        return self._place

    def read(self, length: int = -1) -> bytes:
        assert length >= 0, "reads everything"
        self.taken += length
        start = self._place - len(self._head)
        repeated = self._body * (length // len(self._body) + 2)
        behind = repeated[max(start, 0) % len(self._body) :]
        return (self._head[self._place :] + behind)[:length]


def peak_memory(work: Callable[[], object]) -> int:
    """Bytes that Python took at most while it did the work."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def refused(content: bytes | io.RawIOBase, error: type[DarkroomError]) -> None:
    """Assert that probe refuses it so, and takes little memory."""

    def work() -> None:
        with pytest.raises(error):
            probe(content)  # type: ignore[arg-type]

    assert peak_memory(work) < MEMORY


def test_a_huge_png_in_100_kb() -> None:
    content = black_png(30_000)
    assert len(content) < 120_000
    refused(content, ImageTooLarge)


def test_a_huge_tiff() -> None:
    refused(tiff((256, 4, 1, 4_000_000_000), (257, 4, 1, 4_000_000_000)), ImageTooLarge)
    refused(tiff((256, 3, 1, 100), (257, 3, 1, 100), (273, 4, 1_000_000, 8)), BrokenImage)
    refused(b"II*\0" + struct.pack("<IH", 8, 65_535) + bytes(65_535 * 12), BrokenImage)


def test_an_endless_gif() -> None:
    head = b"GIF89a" + struct.pack("<HHBBB", 16, 16, 0, 0, 0)
    comment = Endless(head + b"!\xfe", b"\xff" + bytes(255))
    refused(comment, BrokenImage)
    assert comment.taken < 1 << 20
    extensions = Endless(head, b"!\xf9\4\0\0\0\0\0")
    refused(extensions, BrokenImage)
    frames = Endless(head, b",\0\0\0\0\x10\0\x10\0\0\2\0")
    assert (probe(frames).width, probe(frames).height) == (16, 16)  # type: ignore[arg-type]


def test_a_gif_whose_frame_is_larger_than_its_canvas() -> None:
    head = b"GIF89a" + struct.pack("<HHBBB", 16, 16, 0, 0, 0)
    refused(head + b"," + struct.pack("<HHHHB", 60_000, 0, 5_000, 1, 0), ImageTooLarge)


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"\xff\xd8", b"\xff\xe1\0\4ab"),
        (b"\xff\xd8", b"\xff\xe2\xff\xff" + b"ICC_PROFILE\0\1\1" + bytes(65_519)),
        (b"\xff\xd8\xff\xe1", b"\0"),
        (b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0" + b"\x08" + bytes(9), b"JUNK\0\0\0\0"),
        (b"\0\0\0\x18ftypavif\0\0\0\0avifmif1", b"\0\0\0\x08free"),
        (saved(corners(), "PNG")[:33], png_chunk(b"tEXt", b"a\0b")),
    ],
)
def test_headers_without_end_are_left_soon(head: bytes, body: bytes) -> None:
    file = Endless(head, body)
    with contextlib.suppress(BrokenImage):
        probe(file)  # type: ignore[arg-type]
    assert file.taken < 1 << 20


def test_a_progressive_jpeg_of_very_many_scans() -> None:
    content = saved(photo(), "JPEG", progressive=True)
    scan = content[content.rfind(b"\xff\xda") : -2]
    assert decode(content, probe(content)).shape == (400, 600, 3)
    many = content[:-2] + scan * 1_000 + content[-2:]
    with pytest.raises(BrokenImage, match="scans"):
        decode(many, probe(many))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", [0.5, 0.9])
def test_files_that_are_cut_off_are_broken(kind: str, part: float) -> None:
    content = saved(photo(), kind)
    short = content[: int(len(content) * part)]
    with pytest.raises(BrokenImage):
        decode(short, probe(short))


def test_every_beginning_of_a_header_is_told_from_a_whole_one() -> None:
    for kind in KINDS:
        content = saved(corners(), kind, exif=exif(6, "2024:05:06 07:08:09"))
        whole = probe(content)
        for length in range(min(len(content), 700)):
            try:
                info = probe(content[:length])
            except DarkroomError:
                continue
            assert {info.width, info.height} == {whole.width, whole.height}


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # of tags that lead out of the file; it goes on
@settings(max_examples=60, deadline=None)
@given(st.sampled_from(KINDS), st.randoms(use_true_random=False))
def test_damaged_files_are_read_or_refused(kind: str, chance: random.Random) -> None:
    content = bytearray(saved(corners(48, 32), kind, exif=exif(6, "2024:05:06 07:08:09", "+02:00")))
    for _ in range(chance.randint(1, 8)):
        content[chance.randrange(min(len(content), 600))] = chance.randrange(256)
    try:
        info: ImageInfo = probe(bytes(content))
    except DarkroomError:
        return
    if info.width * info.height > 1_000_000:
        return
    try:
        pixels = decode(bytes(content), info)
    except BrokenImage:
        return
    assert pixels.shape[:2] == (info.height, info.width)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*", b"GIF89a", b"BM"]),
    st.binary(max_size=400),
)
def test_random_bytes_behind_a_signature_are_read_or_refused(signature: bytes, rest: bytes) -> None:
    try:
        info = probe(signature + rest)
    except DarkroomError:
        return
    assert 1 <= info.width <= 16_384
    assert 1 <= info.height <= 16_384
