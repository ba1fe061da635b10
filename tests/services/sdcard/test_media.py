"""Clips: what their index says, pictures from single packets, and files that want to do harm."""

import io
import struct
import tracemalloc
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from PIL import Image

from demo.clips import H265, ClipPlan, can_encode, make_clip
from services.sdcard.camera_errors import CameraTimeout, NoPicture
from services.sdcard.media import Media, MediaLimits, Properties

MEDIA = Media(MediaLimits(threads=2))
PLAN = ClipPlan(seconds=4, width=640, height=360, created=datetime(2026, 11, 20, 9, 30, tzinfo=UTC))
# As much for its length as cameras record, so that shares of the file mean something.
LARGE = ClipPlan(seconds=60, kbps=880)


class File:
    """Bytes as a file on a camera, with what is asked of it counted."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.size = len(content)
        self.read = 0
        self.round_trips = 0

    def read_at(self, offset: int, length: int) -> bytes:
        return self.read_many([(offset, length)])[0]

    def read_many(self, spans: Sequence[tuple[int, int]]) -> list[bytes]:
        self.round_trips += 1
        found = [self.content[offset : offset + length] for offset, length in spans]
        self.read += sum(map(len, found))
        return found


@pytest.fixture(scope="module")
def clip() -> bytes:
    """With its index behind the pictures, as cameras write it."""
    return make_clip(PLAN)


@pytest.fixture(scope="module")
def index_first() -> bytes:
    """The same with its index in front."""
    return make_clip(ClipPlan(seconds=4, width=640, height=360, created=PLAN.created, index_first=True))


def picture(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize("place", ["clip", "index_first"])
def test_properties(place: str, request: pytest.FixtureRequest) -> None:
    content: bytes = request.getfixturevalue(place)
    assert MEDIA.properties(File(content)) == Properties(
        state="whole",
        codec="h264",
        profile="Constrained Baseline",
        duration=4.0,
        kbps=round(len(content) * 8 / 4 / 1000, 1),
        fps=25.0,
        width=640,
        height=360,
        frames=100,
        created_at="2026-11-20T09:30:00Z",
        playable=True,
    )


@pytest.mark.parametrize("place", ["clip", "index_first"])
def test_pictures(place: str, request: pytest.FixtureRequest) -> None:
    content: bytes = request.getfixturevalue(place)
    findings = MEDIA.read(File(content), 320)
    assert findings.properties == MEDIA.properties(File(content))
    assert findings.thumbnail == MEDIA.thumbnail(File(content), 320)
    small, large = picture(findings.thumbnail or b""), picture(MEDIA.key_frame(File(content)))
    assert (small.format, small.size, large.format, large.size) == ("JPEG", (320, 180), "JPEG", (640, 360))
    # The first frame: a slope of grey from 0 in the corner, and a white block a third down at the left edge.
    for image in (small, large):
        grey = image.convert("L")
        width, height = grey.size
        assert grey.getpixel((width // 64, height * 3 // 8)) == pytest.approx(255, abs=12)
        assert grey.getpixel((1, 1)) < 24  # type: ignore[operator]


def test_a_preview_moves(clip: bytes) -> None:
    gif = picture(MEDIA.preview(File(clip), 3, 160))
    assert (gif.format, gif.size, gif.n_frames) == ("GIF", (160, 90), 3)  # type: ignore[attr-defined]
    lefts = []
    for n in range(3):
        gif.seek(n)
        row = [gif.convert("L").getpixel((x, 34)) for x in range(160)]
        lefts.append(next(x for x in range(160) if row[x] > 245))  # type: ignore[operator]
    # Key frames come each second, the block goes 8 of 640 pixels a frame: 50 of 160 between the key frames.
    assert lefts == [pytest.approx(x, abs=2) for x in (0, 50, 100)]


def test_few_bytes_and_few_round_trips() -> None:
    content = make_clip(LARGE)
    assert len(content) > 6_000_000
    file = File(content)
    assert MEDIA.properties(file).state == "whole"
    assert file.read <= len(content) * 0.02
    assert file.round_trips == 1
    file = File(content)
    assert MEDIA.read(file, 320).thumbnail
    assert file.read <= len(content) * 0.04
    assert file.round_trips == 2


@pytest.mark.parametrize(
    ("place", "cut", "state", "said"),
    [
        ("clip", 0, "truncated", "it is empty: nothing written yet"),
        ("clip", 20, "truncated", "it has no index: cut off, or still being written"),
        ("clip", 30_000, "truncated", "it has no index: cut off, or still being written"),
        ("clip", -50, "truncated", "its index is cut off"),
        ("index_first", 200, "truncated", "its index is cut off"),
        ("index_first", 30_000, "truncated", "its end is missing"),
        ("index_first", -1, "truncated", "its end is missing"),
    ],
)
def test_clips_cut_off(place: str, cut: int, state: str, said: str, request: pytest.FixtureRequest) -> None:
    found = MEDIA.properties(File(request.getfixturevalue(place)[:cut]))
    assert (found.state, found.detail) == (state, said)


def test_what_is_there_of_a_clip_is_shown(index_first: bytes) -> None:
    findings = MEDIA.read(File(index_first[:-5000]), 320)
    assert (findings.properties.state, findings.properties.frames) == ("truncated", 100)
    assert findings.properties.kbps is None
    assert picture(findings.thumbnail or b"").size == (320, 180)


@pytest.mark.parametrize(
    "content", [b"\0" * 4096, b"not a clip\n" * 900, b"#EXTM3U\nfile:///etc/passwd\n", b"x"]
)
def test_what_is_no_clip(content: bytes) -> None:
    found = MEDIA.read(File(content), 320)
    assert found.properties == Properties("broken", "it is no MP4 file")
    assert found.thumbnail is None
    for make in (lambda: MEDIA.thumbnail(File(content), 320), lambda: MEDIA.preview(File(content), 3, 160)):
        with pytest.raises(NoPicture):
            make()  # type: ignore[no-untyped-call]


def test_pictures_that_cannot_be_decoded(clip: bytes) -> None:
    start = clip.index(b"mdat") + 4
    end = clip.index(b"moov") - 4
    findings = MEDIA.read(File(clip[:start] + b"\xff" * (end - start) + clip[end:]), 320)
    assert (findings.properties.state, findings.properties.detail) == (
        "broken",
        "its pictures cannot be decoded",
    )
    assert findings.thumbnail is None


def test_other_codecs_are_told_to_be_unplayable() -> None:
    codecs = ["mpeg4", H265] if can_encode(H265) else ["mpeg4"]
    for codec in codecs:
        findings = MEDIA.read(File(make_clip(ClipPlan(seconds=1, codec=codec))), 160)
        assert findings.properties.codec == {"mpeg4": "mpeg4", H265: "hevc"}[codec]
        assert not findings.properties.playable
        assert picture(findings.thumbnail or b"").size == (160, 120)


def patched(content: bytes, box: bytes, offset: int, value: bytes) -> bytes:
    """The clip with bytes of a box's content (from its letters on) changed."""
    at = content.index(box, content.index(b"moov")) + offset
    return content[:at] + value + content[at + len(value) :]


HUGE = struct.pack(">I", 0x7FFFFFFF)


@pytest.mark.parametrize(
    ("box", "offset", "value", "said"),
    [
        (b"stsz", 8, struct.pack(">II", 1, 0x7FFFFFFF), "its index names more pictures than a clip can have"),
        (b"stts", 12, HUGE, "its index names more pictures than a clip can have"),
        (b"stts", 8, HUGE, "its index names more than it holds"),
        (b"stco", 8, HUGE, "its index names more than it holds"),
        (b"stss", 8, HUGE, "its index names more than it holds"),
        (b"elst", 8, HUGE, "its index names more than it holds"),
        (b"avc1", 28, struct.pack(">HH", 65535, 65535), "its pictures of 65535 x 65535 are too large"),
        (b"mvhd", 0, b"cmov", "its index is compressed"),
        (b"trak", -4, HUGE, "its index is damaged"),
    ],
)
def test_an_index_that_lies(clip: bytes, box: bytes, offset: int, value: bytes, said: str) -> None:
    tracemalloc.start()
    try:
        found = MEDIA.properties(File(patched(clip, box, offset, value)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (found.state, found.detail) == ("broken", said)
    assert peak < 4_000_000


def test_an_index_that_is_too_large(clip: bytes) -> None:
    at = clip.index(b"moov") - 4
    content = clip[:at] + struct.pack(">I", 20_000_000) + clip[at + 4 :] + bytes(20_000_000)
    file = File(content)
    assert MEDIA.properties(file) == Properties("broken", "its index is too large")
    assert file.read < 100_000


def test_pictures_larger_than_the_index_says(clip: bytes) -> None:
    """The decoder is told the same limit: what the index says is not what the pictures say."""
    small = Media(MediaLimits(pixels=640 * 360 - 1, side=8192))
    with pytest.raises(NoPicture):
        small.thumbnail(File(patched(clip, b"avc1", 28, struct.pack(">HH", 16, 16))), 320)


def test_every_damaged_byte_of_an_index_is_survived() -> None:
    content = make_clip(ClipPlan(seconds=0.4, width=64, height=48))
    start = content.index(b"moov")
    for at in range(start, len(content)):
        damaged = bytearray(content)
        damaged[at] ^= 0xFF
        found = MEDIA.read(File(bytes(damaged)), 32)
        assert found.properties.state in {"whole", "truncated", "broken"}


def test_a_camera_that_goes_away_is_not_the_clip_s_fault(clip: bytes) -> None:
    class Gone(File):
        def read_many(self, spans: Sequence[tuple[int, int]]) -> list[bytes]:
            if self.round_trips:
                raise CameraTimeout("it has said nothing for 10 seconds")
            return super().read_many(spans)

    with pytest.raises(CameraTimeout):
        MEDIA.read(Gone(make_clip(ClipPlan(seconds=4, width=640, height=360, kbps=1000))), 320)
