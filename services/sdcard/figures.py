"""Usage and quality of a card, from its last known listing: rows in, figures out, charts in a thread."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from services.sdcard import camera_repository, file_repository
from services.sdcard.camera_repository import CameraRow, CardRow
from services.sdcard.card import mode_at
from services.sdcard.file_repository import FileRow
from services.sdcard.gaps import Gap, gaps
from services.sdcard.quality import HalfHour, ModeAt, quality
from services.sdcard.recordings import Recording
from services.sdcard.usage import Step, UsageBucket, usage
from shared.database import Connection, Database
from shared.workers import WorkerPool

if TYPE_CHECKING:
    from services.sdcard.charts import ChartFormat
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class UsageFigures:
    """Sizes by step of time, of a date or of the whole card."""

    card: CardRow
    step: Step
    date: str | None
    buckets: Sequence[UsageBucket]


@dataclass(frozen=True, slots=True)
class QualityFigures:
    """Half hours and gaps, of a date or of the whole card; `unread` clips have not been scanned."""

    card: CardRow
    date: str | None
    halves: Sequence[HalfHour]
    gaps: Sequence[Gap]
    unread: int


class Figures:
    """Made from rows alone: no camera is asked."""

    def __init__(self, database: Database, pool: WorkerPool) -> None:
        self._database = database
        self._pool = pool

    async def usage(self, row: CameraRow, step: Step, date: str | None) -> UsageFigures:
        """How much was recorded when."""

        def work(connection: Connection) -> UsageFigures:
            card = camera_repository.card(connection, row.id)
            files = file_repository.page(connection, row.id, date=date)
            return UsageFigures(card, step, date, usage(_recordings(files), step))

        return await self._database.read(work)

    async def quality(self, row: CameraRow, date: str | None) -> QualityFigures:
        """How good it is, and what is missing."""

        def work(connection: Connection) -> QualityFigures:
            card = camera_repository.card(connection, row.id)
            if date is None:
                files = file_repository.page(connection, row.id)
            else:
                files = file_repository.clips_around(connection, row.id, date)
            return self._quality(card, date, list(_recordings(files)))

        return await self._database.read(work)

    @staticmethod
    def _quality(card: CardRow, date: str | None, found: list[Recording]) -> QualityFigures:
        mode_at = _mode_reader(card.recording_plan)
        missing = gaps(found, mode_at)
        if date is not None:
            first = datetime.combine(datetime.fromisoformat(date).date(), time())
            missing = list(_within(missing, first, first + DAY))
            found = [one for one in found if first <= one.start < first + DAY]
        unread = sum(one.duration is None for one in found)
        return QualityFigures(card, date, quality(found, mode_at), missing, unread)

    async def usage_chart(self, row: CameraRow, figures: UsageFigures, form: Literal["svg", "png"]) -> bytes:
        """The same as a picture."""
        title = _title(row, figures.date, "usage")
        return await self._pool.run(_draw_usage, title, figures, form)

    async def quality_chart(
        self, row: CameraRow, figures: QualityFigures, form: Literal["svg", "png"]
    ) -> bytes:
        """The same as a picture."""
        return await self._pool.run(_draw_quality, _title(row, figures.date, "quality"), figures, form)


def _mode_reader(plan: str | None) -> ModeAt:
    read: dict[str, str] | None = None if plan is None else json.loads(plan)
    return partial(mode_at, read)


def _recordings(files: Iterable[FileRow]) -> Iterable[Recording]:
    """Clips alone; of a clip that cannot be read, nothing but place and size is known."""
    for file in files:
        if file.start is None:
            continue
        read: dict[str, Any] = {} if file.properties is None else json.loads(file.properties)
        size = (read["width"], read["height"]) if read.get("width") and read.get("height") else None
        yield Recording(
            datetime.fromisoformat(file.start),
            file.size,
            read.get("duration"),
            read.get("kbps"),
            read.get("fps"),
            size,
        )


def _within(found: Iterable[Gap], first: datetime, last: datetime) -> Iterable[Gap]:
    for gap in found:
        start, end = max(gap.start, first), min(gap.end, last)
        if start < end:
            yield Gap(start, end, gap.mode)


def _title(row: CameraRow, date: str | None, what: str) -> str:
    return f"{row.name}: {what}, {date or 'the whole card'}"


# matplotlib takes a second to import: only here, in the thread that draws.
def _draw_usage(title: str, figures: UsageFigures, form: "ChartFormat") -> bytes:
    from services.sdcard.charts import usage_chart

    return usage_chart(title, figures.buckets, figures.step, form)


def _draw_quality(title: str, figures: QualityFigures, form: "ChartFormat") -> bytes:
    from services.sdcard.charts import quality_chart

    return quality_chart(title, figures.halves, figures.gaps, form)
