"""Clips with a moving picture, encoded here, as cameras write them."""

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np
from av.codec import Codec

H264, H265 = "libx264", "libx265"


@dataclass(frozen=True, slots=True)
class ClipPlan:
    """What a clip is like; `kbps` None lets the encoder choose, `index_first` puts the index in front."""

    seconds: float = 2.0
    fps: int = 25
    width: int = 320
    height: int = 240
    codec: str = H264
    kbps: int | None = None
    index_first: bool = False
    created: datetime = datetime(2026, 11, 20, 10, tzinfo=UTC)


def can_encode(codec: str) -> bool:
    """Whether this machine's PyAV has the encoder."""
    try:
        Codec(codec, "w")
    except ValueError:
        return False
    return True


def make_clip(plan: ClipPlan) -> bytes:
    """The clip as an MP4 file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        _encode(plan, path)
        return path.read_bytes()


def _encode(plan: ClipPlan, path: Path) -> None:
    options = {"movflags": "+faststart"} if plan.index_first else {}
    with av.open(str(path), "w", format="mp4", options=options) as container:
        container.metadata["creation_time"] = plan.created.isoformat()
        stream = container.add_stream(plan.codec, rate=plan.fps)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = plan.width, plan.height, "yuv420p"
        stream.codec_context.gop_size = plan.fps
        stream.codec_context.max_b_frames = 0
        stream.options = {"preset": "ultrafast", "forced-idr": "1"}
        if plan.codec == H265:
            stream.options = {"preset": "ultrafast", "x265-params": "log-level=none"}
        if plan.kbps is not None:
            rate = str(plan.kbps * 1000)
            stream.bit_rate = plan.kbps * 1000
            stream.options |= {"minrate": rate, "maxrate": rate, "bufsize": rate}
        noise = np.random.default_rng(1).integers(0, 64, (plan.height, plan.width), np.uint8)
        for n in range(round(plan.seconds * plan.fps)):
            container.mux(stream.encode(_frame(plan, n, noise if plan.kbps else None)))
        container.mux(stream.encode())


def _frame(
    plan: ClipPlan, number: int, noise: "np.ndarray[tuple[int, int], np.dtype[np.uint8]] | None"
) -> av.VideoFrame:
    """A slope of grey that wanders, and a bright block that crosses it; noise where bytes are wanted."""
    down, across = np.mgrid[0 : plan.height, 0 : plan.width]
    grey = ((across + down + 3 * number) % 192).astype(np.uint8)
    if noise is not None:
        grey += np.roll(noise, (7 * number, 13 * number), (0, 1))
    left = number * 8 % max(plan.width - 40, 1)
    grey[plan.height // 3 : plan.height // 3 + 40, left : left + 40] = 255
    frame = av.VideoFrame(plan.width, plan.height, "yuv420p")
    planes = (grey, np.full_like(grey[::2, ::2], 110), np.full_like(grey[::2, ::2], 140))
    for plane, values in zip(frame.planes, planes, strict=True):
        padded = np.zeros((plane.height, plane.line_size), np.uint8)
        padded[:, : plane.width] = values
        plane.update(padded.tobytes())
    frame.pts = number
    return frame
