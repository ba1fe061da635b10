"""Where a camera should have recorded and did not. Pure: intervals of the camera's own time.

In a half hour of the mode `continuous` every moment must lie in a clip. The mode `none` records nothing
and `boost` only what happens, so both explain a gap. Where the mode is not known nothing explains it.
Before the first clip of a card and after its last one nothing is expected: older clips may have been
overwritten, and the newest may still be on its way.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from services.sdcard.recordings import HALF_HOUR, Recording, RecordingMode, floor_to

TOLERANCE = timedelta(seconds=2)  # between two clips a camera loses some frames
ASSUMED_LENGTH = timedelta(seconds=60)  # of a clip that has not been read yet: cameras write one a minute
EXPLAINED_BY = frozenset({RecordingMode.NONE, RecordingMode.BOOST})
ModeAt = Callable[[datetime], RecordingMode | None]
Interval = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch without recording; `mode` is what was configured, None where that is not known."""

    start: datetime
    end: datetime
    mode: RecordingMode | None


def covered(recordings: Iterable[Recording], tolerance: timedelta = TOLERANCE) -> list[Interval]:
    """The stretches that clips fill, oldest first; those less than `tolerance` apart are one."""
    merged: list[Interval] = []
    for start, end in sorted(_interval(one) for one in recordings):
        if merged and start - merged[-1][1] <= tolerance:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def gaps(recordings: Iterable[Recording], mode_at: ModeAt, tolerance: timedelta = TOLERANCE) -> list[Gap]:
    """Stretches between the first clip and the last that no clip fills and no mode explains, oldest first."""
    filled = covered(recordings, tolerance)
    found: list[Gap] = []
    for (_, end), (following, _) in pairwise(filled):
        for start, stop in _half_hours(end, following):
            mode = mode_at(start)
            if mode in EXPLAINED_BY or stop - start <= tolerance:
                continue
            if found and found[-1].end == start and found[-1].mode is mode:
                found[-1] = Gap(found[-1].start, stop, mode)
            else:
                found.append(Gap(start, stop, mode))
    return found


def _interval(recording: Recording) -> Interval:
    known = recording.duration
    return recording.start, recording.start + (ASSUMED_LENGTH if known is None else timedelta(seconds=known))


def _half_hours(start: datetime, end: datetime) -> Iterator[Interval]:
    """The stretch cut where a new half hour begins."""
    while start < end:
        stop = min(floor_to(start, HALF_HOUR) + HALF_HOUR, end)
        yield start, stop
        start = stop
