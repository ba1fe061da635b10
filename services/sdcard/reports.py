"""Figures as files for a spreadsheet: CSV with the columns that people's own scripts read. Pure."""

import csv
import io
from collections.abc import Sequence

from services.sdcard.quality import HalfHour
from services.sdcard.usage import UsageBucket

QUALITY_COLUMNS = ("timeStamp", "time", "ave_kbps", "ave_fps", "resolute", "frame_mode", "sd_rec_mode")
USAGE_COLUMNS = ("timeStamp", "time", "clips", "bytes")
STAMP, CLOCK = "%Y-%m-%d %H:%M:%S", "%H:%M"


def quality_csv(halves: Sequence[HalfHour]) -> str:
    """A line each half hour; `resolute` is the resolution of most clips, and what is not known is empty."""
    return _csv(
        QUALITY_COLUMNS,
        [
            (
                half.start.strftime(STAMP),
                half.start.strftime(CLOCK),
                _number(half.kbps),
                _number(half.fps),
                resolution_name(half.resolutions[0][0]) if half.resolutions else "",
                half.frame_mode or "",
                half.recording_mode or "",
            )
            for half in halves
        ],
    )


def usage_csv(buckets: Sequence[UsageBucket]) -> str:
    """A line each step of time that holds a clip."""
    return _csv(
        USAGE_COLUMNS,
        [(one.start.strftime(STAMP), one.start.strftime(CLOCK), one.clips, one.size) for one in buckets],
    )


def resolution_name(resolution: tuple[int, int]) -> str:
    """As people write it."""
    return f"{resolution[0]}x{resolution[1]}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _csv(columns: Sequence[str], lines: Sequence[Sequence[object]]) -> str:
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(lines)
    return target.getvalue()
