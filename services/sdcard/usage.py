"""How much of a card which time takes: sizes by hour, half hour or minute. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.sdcard.recordings import Recording, floor_to


class Step(StrEnum):
    """The width of a bucket."""

    HOUR = "hour"
    HALF_HOUR = "half_hour"
    MINUTE = "minute"

    @property
    def width(self) -> timedelta:
        """The same as time."""
        return timedelta(minutes={"hour": 60, "half_hour": 30, "minute": 1}[self.value])


@dataclass(frozen=True, slots=True)
class UsageBucket:
    """The clips that begin in one step of time: how many, and their bytes."""

    start: datetime
    clips: int
    size: int


def usage(recordings: Iterable[Recording], step: Step) -> list[UsageBucket]:
    """The buckets that hold a clip, oldest first. A clip counts whole where it begins."""
    found: dict[datetime, tuple[int, int]] = {}
    for recording in recordings:
        start = floor_to(recording.start, step.width)
        clips, size = found.get(start, (0, 0))
        found[start] = clips + 1, size + recording.size
    return [UsageBucket(start, *found[start]) for start in sorted(found)]
