"""Usage, quality and gaps: pure figures, by tables and by properties."""

import csv
import io
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sdcard.gaps import Gap, covered, gaps
from services.sdcard.quality import FrameMode, frame_mode, quality
from services.sdcard.recordings import Recording, RecordingMode, floor_to
from services.sdcard.reports import quality_csv, usage_csv
from services.sdcard.usage import Step, UsageBucket, usage

DAY = datetime.fromisoformat("2026-11-20")
CONTINUOUS, BOOST, NONE = RecordingMode.CONTINUOUS, RecordingMode.BOOST, RecordingMode.NONE


def at(clock: str, duration: float | None = 60.0, **given_: object) -> Recording:
    """A clip that begins at HH:MM or HH:MM:SS."""
    moment = datetime.fromisoformat(f"2026-11-20T{clock}")
    return Recording(moment, **{"size": 100, "duration": duration, **given_})  # type: ignore[arg-type]


def moment(clock: str) -> datetime:
    """That time of the day."""
    return datetime.fromisoformat(f"2026-11-20T{clock}")


clips = st.lists(
    st.builds(
        Recording,
        start=st.datetimes(DAY, DAY + timedelta(days=2)),
        size=st.integers(0, 10**9),
        duration=st.none() | st.floats(1, 600),
        kbps=st.none() | st.floats(0, 10_000),
        fps=st.none() | st.floats(1, 60),
        resolution=st.none() | st.sampled_from([(1280, 720), (1920, 1080)]),
    ),
    max_size=60,
)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (Step.HOUR, [("08:00", 3, 60), ("09:00", 1, 40)]),
        (Step.HALF_HOUR, [("08:00", 2, 30), ("08:30", 1, 30), ("09:30", 1, 40)]),
        (Step.MINUTE, [("08:00", 1, 10), ("08:29", 1, 20), ("08:30", 1, 30), ("09:59", 1, 40)]),
    ],
)
def test_sizes_by_step(step: Step, expected: list[tuple[str, int, int]]) -> None:
    recorded = [at("09:59", size=40), at("08:00", size=10), at("08:29:59", size=20), at("08:30", size=30)]
    assert usage(recorded, step) == [UsageBucket(moment(c), n, size) for c, n, size in expected]


@given(clips, st.sampled_from(Step))
def test_no_byte_is_lost_or_counted_twice(recorded: list[Recording], step: Step) -> None:
    buckets = usage(recorded, step)
    assert sum(bucket.size for bucket in buckets) == sum(one.size for one in recorded)
    assert sum(bucket.clips for bucket in buckets) == len(recorded)
    assert [b.start for b in buckets] == sorted({floor_to(one.start, step.width) for one in recorded})


def test_means_of_a_half_hour_are_over_the_clips_that_were_read() -> None:
    recorded = [
        at("08:00", 60.0, kbps=1000.0, fps=30.0, resolution=(1280, 720)),
        at("08:01", 50.0, kbps=2000.0, fps=28.0, resolution=(1920, 1080)),
        at("08:02", 40.0, kbps=3000.0, fps=29.0, resolution=(1280, 720)),
        at("08:29", None),
        at("08:30", 10.0, kbps=500.0, fps=25.0, resolution=(640, 480)),
        at("23:59", None),
    ]
    modes = {moment("08:00"): CONTINUOUS, moment("08:30"): BOOST}
    first, second, third = quality(recorded, modes.get)
    assert (first.start, first.clips, first.read) == (moment("08:00"), 4, 3)
    assert (first.duration, first.kbps, first.fps) == (50.0, 2000.0, 29.0)
    assert first.resolutions == (((1280, 720), 2), ((1920, 1080), 1))
    assert (first.frame_mode, first.recording_mode) == (FrameMode.HIGHER_FRAME_RATE, CONTINUOUS)
    assert (second.frame_mode, second.recording_mode) == (FrameMode.HIGHER_IMAGE_QUALITY, BOOST)
    assert (third.clips, third.read, third.duration, third.kbps, third.fps) == (1, 0, None, None, None)
    assert (third.resolutions, third.frame_mode, third.recording_mode) == ((), None, None)


@pytest.mark.parametrize(
    ("fps", "mode"),
    [
        (None, None),
        (25.0, "higher_image_quality"),
        (25.01, "higher_frame_rate"),
        (12.5, "higher_image_quality"),
    ],
)
def test_frame_mode(fps: float | None, mode: str | None) -> None:
    assert frame_mode(fps) == mode


@given(clips)
def test_every_clip_is_in_one_half_hour(recorded: list[Recording]) -> None:
    halves = quality(recorded, lambda _: None)
    assert sum(half.clips for half in halves) == len(recorded)
    assert sum(half.read for half in halves) == sum(one.duration is not None for one in recorded)
    for half in halves:
        known = [one.kbps for one in recorded if floor_to(one.start, Step.HALF_HOUR.width) == half.start]
        values = [kbps for kbps in known if kbps is not None]
        assert half.kbps == (pytest.approx(sum(values) / len(values)) if values else None)


def test_csv_has_the_columns_that_people_read() -> None:
    recorded = [at("08:00", kbps=1234.567, fps=29.97, resolution=(1280, 720)), at("09:30", None)]
    text = quality_csv(quality(recorded, {moment("08:00"): CONTINUOUS}.get))
    assert text.splitlines() == [
        "timeStamp,time,ave_kbps,ave_fps,resolute,frame_mode,sd_rec_mode",
        "2026-11-20 08:00:00,08:00,1234.57,29.97,1280x720,higher_frame_rate,continuous",
        "2026-11-20 09:30:00,09:30,,,,,",
    ]
    (line,) = csv.DictReader(io.StringIO(usage_csv(usage(recorded[:1], Step.MINUTE))))
    assert line == {"timeStamp": "2026-11-20 08:00:00", "time": "08:00", "clips": "1", "bytes": "100"}


def test_a_gap_in_continuous_recording_is_told() -> None:
    recorded = [at("08:00"), at("08:01"), at("08:05"), at("08:06")]
    assert gaps(recorded, lambda _: CONTINUOUS) == [Gap(moment("08:02"), moment("08:05"), CONTINUOUS)]


@pytest.mark.parametrize("mode", [NONE, BOOST])
def test_modes_that_do_not_always_record_explain_a_gap(mode: RecordingMode) -> None:
    assert gaps([at("08:00"), at("08:20")], lambda _: mode) == []


def test_without_a_mode_nothing_explains_a_gap() -> None:
    assert gaps([at("08:00"), at("10:00")], lambda _: None) == [Gap(moment("08:01"), moment("10:00"), None)]


def test_a_gap_is_cut_where_the_mode_changes() -> None:
    modes = {moment("08:00"): CONTINUOUS, moment("08:30"): NONE, moment("09:00"): CONTINUOUS}
    found = gaps([at("08:00"), at("09:10")], lambda half: modes[floor_to(half, Step.HALF_HOUR.width)])
    assert found == [
        Gap(moment("08:01"), moment("08:30"), CONTINUOUS),
        Gap(moment("09:00"), moment("09:10"), CONTINUOUS),
    ]


@pytest.mark.parametrize(
    "recorded",
    [
        [],
        [at("08:00")],
        [at("08:00"), at("08:01:02")],  # within what a camera loses between two clips
        [at("08:00", None), at("08:01")],  # not read yet: taken for a minute
        [at("08:00", 600.0), at("08:01"), at("08:09:30")],  # inside one another
        [at("08:01"), at("08:00")],
    ],
)
def test_no_gap(recorded: list[Recording]) -> None:
    assert gaps(recorded, lambda _: CONTINUOUS) == []


@given(clips)
def test_gaps_and_clips_do_not_overlap_and_fill_the_time_between_first_and_last(
    recorded: list[Recording],
) -> None:
    exact = timedelta(0)
    filled = covered(recorded, exact)
    found = gaps(recorded, lambda _: CONTINUOUS, exact)
    for (_, end), (start, _) in pairwise(filled):
        assert start > end
    pieces = sorted([*filled, *((gap.start, gap.end) for gap in found)])
    for (_, end), (start, _) in pairwise(pieces):
        assert start == end
    assert all(gap.end > gap.start for gap in found)
