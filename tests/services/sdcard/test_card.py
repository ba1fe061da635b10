"""The layout of a card, as names."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sdcard.camera_errors import InvalidClipId
from services.sdcard.card import (
    clip_id,
    clip_place,
    decoded,
    is_date,
    is_hour,
    mode_at,
    parse_name,
    read_plan,
    shown,
)
from services.sdcard.recordings import RecordingMode

at = datetime.fromisoformat
PLAN = "0123456789ab0123456789ab"


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("1234-0905.mp4", at("2026-11-20T09:05")),
        ("1234-090507.mp4", at("2026-11-20T09:05:07")),
        ("1-0905.MP4", at("2026-11-20T09:05")),
        ("1234-0860.mp4", None),
        ("1234-2405.mp4", None),
        ("1234-09057.mp4", None),
        ("-0905.mp4", None),
        ("12a4-0905.mp4", None),
        ("1234-0905.mp4 ", None),
        ("1234-0905.mp4\n", None),
        ("١٢-0905.mp4", None),
        ("1234-0905.mp4.part", None),
    ],
)
def test_names_of_clips(name: str, start: datetime | None) -> None:
    assert parse_name("2026-11-20", "09", name) == start


def test_folders() -> None:
    assert is_date("2024-02-29")
    assert not any(map(is_date, ["2026-02-29", "2026-1-01", "2026-13-01", "2026-11-20\n", "..", "20261120"]))
    assert all(is_hour(f"{hour:02d}") for hour in range(24))
    assert not any(map(is_hour, ["24", "9", "09 ", "0a", "١٢"]))
    assert parse_name("2026-02-30", "09", "1-0905.mp4") is None
    assert parse_name("2026-11-20", "99", "1-0905.mp4") is None


@given(
    st.binary(min_size=1, max_size=255).filter(
        lambda name: not {0, 0x2F} & set(name) and name not in {b".", b".."}
    )
)
def test_an_id_leads_back_to_any_name(name: bytes) -> None:
    identifier = clip_id("2026-11-20", "09", decoded(name))
    assert set(identifier) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
    assert clip_place(identifier) == ("2026-11-20", "09", decoded(name))
    shown(decoded(name)).encode()


@given(st.text(max_size=60))
def test_what_is_no_id(text: str) -> None:
    with pytest.raises(InvalidClipId):
        clip_place(text)


@pytest.mark.parametrize(
    "parts",
    [
        ("..", "09", "x"),
        ("2026-11-20", "..", "x"),
        ("2026-11-20", "09", ".."),
        ("2026-11-20", "09", "a/../../b"),
        ("2026-11-20", "09", ""),
        ("2026-11-20", "09", "a\0b"),
        ("2026-11-20", "09", "x" * 256),
    ],
)
def test_an_id_leads_nowhere_else(parts: tuple[str, str, str]) -> None:
    with pytest.raises(InvalidClipId):
        clip_place(clip_id(*parts))


def test_the_recording_plan() -> None:
    text = f"[Other]\nmonday = {'a' * 24}\nrubbish\n[ recording ]\n;c\nTuesday = {PLAN}\nwed={PLAN.upper()}\n"
    text += f"thursday = {PLAN}0\nsu = {PLAN}\nfriday\n[More]\nfriday = {PLAN}\n"
    assert read_plan(text) == {"tuesday": PLAN, "wednesday": PLAN}
    assert read_plan("") == {}


def test_the_mode_of_a_half_hour() -> None:
    plan = {"friday": PLAN}
    modes = [
        mode_at(plan, at(f"2026-11-20T{hour:02d}:{minute:02d}")) for hour in range(12) for minute in (0, 30)
    ]
    none, boost, always = RecordingMode.NONE, RecordingMode.BOOST, RecordingMode.CONTINUOUS
    assert modes == [
        none, none, none, boost, none, always, none, None,
        boost, none, boost, boost, boost, always, boost, None,
        always, none, always, boost, always, always, always, None,
    ]  # fmt: skip
    assert mode_at(plan, at("2026-11-21")) is None
    assert mode_at(None, at("2026-11-20")) is None
