"""What the figures of a card are made from: clips as intervals of the camera's own time. Pure.

All moments are naive: a camera has its own clock, and its folders and names are in that clock's time.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

HALF_HOUR = timedelta(minutes=30)


class RecordingMode(StrEnum):
    """What a camera is configured to record in a half hour."""

    NONE = "none"
    BOOST = "boost"
    CONTINUOUS = "continuous"


@dataclass(frozen=True, slots=True)
class Recording:
    """A clip that its name places in time: `size` in bytes, `duration` in seconds, `kbps` of 1000 bit/s.

    What has not been read from the clip yet, or cannot be, is None.
    """

    start: datetime
    size: int
    duration: float | None = None
    kbps: float | None = None
    fps: float | None = None
    resolution: tuple[int, int] | None = None


def floor_to(moment: datetime, step: timedelta) -> datetime:
    """The beginning of the step since midnight in which the moment lies."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (moment - midnight) // step * step
