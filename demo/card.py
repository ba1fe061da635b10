"""A card with generated clips, in the layout of services/sdcard/card.py."""

import itertools
import os
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path

from demo.clips import H264, H265, ClipPlan, can_encode, make_clip

CARD_PATH = "/mnt/sdcard"
CONFIG_PATH = "/etc/camera.ini"
# Recorded all day, but for a half hour at noon; boost from 22 to 6 on working days.
WORKING_DAY = "5" * 6 + "a" * 6 + "2" + "a" * 9 + "5" * 2
REST_DAY = "a" * 24
CONFIG = f"""\
[Network]
name = demo camera
[Recording]
monday = {WORKING_DAY}
tuesday = {WORKING_DAY}
wednesday = {WORKING_DAY}
thursday = {WORKING_DAY}
friday = {WORKING_DAY}
saturday = {REST_DAY}
sunday = {REST_DAY}
"""


@dataclass(frozen=True, slots=True)
class CardPlan:
    """How much there is on it: `hours` of each of `days` before and with `last`, `clips_per_hour` in each.

    The first hour of each day holds, beside whole clips, one in H.265, one cut off, one broken, one that
    is still being written, one gap and a file that is no clip, where `oddities` are wanted.
    """

    last: date = date(2026, 11, 20)
    days: int = 2
    first_hour: int = 9
    hours: int = 3
    clips_per_hour: int = 60
    oddities: bool = True
    clip: ClipPlan = field(default_factory=ClipPlan)


def make_card(folder: Path, plan: CardPlan | None = None) -> int:
    """Fill the folder, and say how many files it then has. The clips are one encoded clip, linked often."""
    plan = plan or CardPlan()
    folder.mkdir(parents=True, exist_ok=True)
    whole = folder / ".whole"
    whole.write_bytes(make_clip(plan.clip))
    odd = _oddities(plan) if plan.oddities else {}
    count = 0
    for day, hour in itertools.product(
        range(plan.days), range(plan.first_hour, plan.first_hour + plan.hours)
    ):
        begin = datetime.combine(plan.last - timedelta(days=day), time(hour))
        place = folder / f"{begin:%Y-%m-%d}" / f"{begin:%H}"
        place.mkdir(parents=True)
        special = dict(odd) if hour == plan.first_hour else {}
        for n in range(plan.clips_per_hour):
            start = begin + timedelta(seconds=3600 * n // plan.clips_per_hour)
            target = place / _name(start, plan)
            if n in special:
                content = special.pop(n)
                if content is not None:
                    target.write_bytes(content)
            else:
                os.link(whole, target)
            if target.exists():
                os.utime(target, (start.timestamp() + 60,) * 2)
                count += 1
        if hour == plan.first_hour and odd:
            (place / "notes.txt").write_text("not a clip\n")
            count += 1
    whole.unlink()
    return count


def _name(start: datetime, plan: CardPlan) -> str:
    number = int((start - datetime(2026, 1, 1)).total_seconds())  # noqa: DTZ001 - a camera's own time
    return (
        f"{abs(number)}-{start:%H%M}.mp4"
        if plan.clips_per_hour <= 60
        else f"{abs(number)}-{start:%H%M%S}.mp4"
    )


def _oddities(plan: CardPlan) -> dict[int, bytes | None]:
    """By the number of the clip in its hour; None is a clip that was not recorded."""
    index_first = make_clip(ClipPlan(index_first=True, codec=H264))
    behind = make_clip(ClipPlan())
    odd: dict[int, bytes | None] = {
        1: index_first,
        2: index_first[: len(index_first) * 2 // 3],
        3: behind[: len(behind) // 2],
        4: b"\0" * 4096,
        5: None,
        6: make_clip(ClipPlan(fps=30, width=640, height=360)),
    }
    if can_encode(H265):
        odd[7] = make_clip(ClipPlan(codec=H265))
    return {n: content for n, content in odd.items() if n < plan.clips_per_hour}
