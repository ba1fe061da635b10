"""How good the recordings of each half hour are: mean length, bit rate, frame rate, resolutions. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from statistics import fmean

from services.sdcard.recordings import HALF_HOUR, Recording, RecordingMode, floor_to

HIGHER_FRAME_RATE_ABOVE = 25.0  # frames a second
ModeAt = Callable[[datetime], RecordingMode | None]


class FrameMode(StrEnum):
    """What a camera traded for what: more frames, or better ones."""

    HIGHER_FRAME_RATE = "higher_frame_rate"
    HIGHER_IMAGE_QUALITY = "higher_image_quality"


@dataclass(frozen=True, slots=True)
class HalfHour:
    """One half hour: `duration` in seconds, `kbps` of 1000 bit/s, `fps` frames a second, means all three.

    `clips` counts all, `read` those whose properties are known: the means are over them.
    `resolutions` are counts by (width, height), the most frequent first.
    """

    start: datetime
    clips: int
    read: int
    duration: float | None
    kbps: float | None
    fps: float | None
    resolutions: tuple[tuple[tuple[int, int], int], ...]
    frame_mode: FrameMode | None
    recording_mode: RecordingMode | None


def quality(recordings: Iterable[Recording], mode_at: ModeAt) -> list[HalfHour]:
    """The half hours that hold a clip, oldest first. A clip counts where it begins."""
    groups: dict[datetime, list[Recording]] = {}
    for recording in recordings:
        groups.setdefault(floor_to(recording.start, HALF_HOUR), []).append(recording)
    return [_half_hour(start, groups[start], mode_at(start)) for start in sorted(groups)]


def _half_hour(start: datetime, group: list[Recording], mode: RecordingMode | None) -> HalfHour:
    fps = _mean(one.fps for one in group)
    counts = Counter(one.resolution for one in group if one.resolution is not None)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return HalfHour(
        start=start,
        clips=len(group),
        read=sum(one.duration is not None for one in group),
        duration=_mean(one.duration for one in group),
        kbps=_mean(one.kbps for one in group),
        fps=fps,
        resolutions=tuple(ordered),
        frame_mode=frame_mode(fps),
        recording_mode=mode,
    )


def frame_mode(fps: float | None) -> FrameMode | None:
    """Which of the two the frame rate shows; None where it is not known."""
    if fps is None:
        return None
    faster = fps > HIGHER_FRAME_RATE_ABOVE
    return FrameMode.HIGHER_FRAME_RATE if faster else FrameMode.HIGHER_IMAGE_QUALITY


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
