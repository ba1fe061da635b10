"""Charts as files: SVG and PNG, by matplotlib's object interface. Blocks; importing it takes a second."""

import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure

from services.sdcard.gaps import Gap
from services.sdcard.quality import HalfHour
from services.sdcard.recordings import HALF_HOUR
from services.sdcard.usage import Step, UsageBucket

ChartFormat = Literal["svg", "png"]
MIB = 1024 * 1024
DAY = timedelta(days=1)
BLUE, GREEN, ORANGE, RED = "#2563eb", "#15803d", "#c2410c", "#dc2626"
# Text stays text: smaller, and it can be selected. The salt makes the same figures the same bytes.
SVG: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "darkroom"}


def usage_chart(title: str, buckets: Sequence[UsageBucket], step: Step, form: ChartFormat) -> bytes:
    """Bars of MiB over the camera's time."""
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    axes = figure.add_subplot()
    starts = _numbers([bucket.start for bucket in buckets])
    width = step.width / DAY
    axes.bar(starts, [bucket.size / MIB for bucket in buckets], width=width * 0.9, align="edge", color=BLUE)
    axes.set_ylabel("MiB")
    axes.set_title(title, parse_math=False)
    _time_axis(axes, [bucket.start for bucket in buckets], step.width)
    return _saved(figure, form)


def quality_chart(title: str, halves: Sequence[HalfHour], missing: Sequence[Gap], form: ChartFormat) -> bytes:
    """Bit rate, frame rate and mean length of clips, one above the other; gaps are shaded red."""
    figure = Figure(figsize=(10, 6.4), layout="constrained")
    rows = figure.subplots(3, 1, sharex=True)
    starts = [half.start for half in halves]
    for axes, label, color, values in zip(
        rows,
        ("kbps", "frames/s", "mean length, s"),
        (BLUE, GREEN, ORANGE),
        (
            [half.kbps or 0.0 for half in halves],
            [half.fps or 0.0 for half in halves],
            [half.duration or 0.0 for half in halves],
        ),
        strict=True,
    ):
        axes.bar(_numbers(starts), values, width=HALF_HOUR / DAY * 0.9, align="edge", color=color)
        axes.set_ylabel(label)
        for gap in missing:
            first, last = _numbers([gap.start, gap.end])
            axes.axvspan(first, last, color=RED, alpha=0.25, linewidth=0)
    rows[0].set_title(title, parse_math=False)
    _time_axis(rows[-1], starts, HALF_HOUR)
    return _saved(figure, form)


def _numbers(moments: Sequence[datetime]) -> list[float]:
    return [float(date2num(moment)) for moment in moments]  # type: ignore[no-untyped-call]


def _time_axis(axes: Axes, starts: Sequence[datetime], width: timedelta) -> None:
    axes.set_ylim(bottom=0)
    if starts:
        locator = AutoDateLocator()  # type: ignore[no-untyped-call]
        axes.xaxis_date()
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
        first, last = _numbers([min(starts), max(starts) + width])
        axes.set_xlim(first, last)
    else:
        axes.set_xticks([])
        axes.text(0.5, 0.5, "no clips", ha="center", va="center", transform=axes.transAxes)


def _saved(figure: Figure, form: ChartFormat) -> bytes:
    target = io.BytesIO()
    if form == "png":
        FigureCanvasAgg(figure).print_png(target)  # type: ignore[no-untyped-call]
        return target.getvalue()
    with mpl.rc_context(SVG):
        FigureCanvasSVG(figure).print_svg(target, metadata={"Date": None})  # type: ignore[no-untyped-call]
    return target.getvalue()
