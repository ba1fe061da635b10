"""The SD-card browser on a full disk: what is known, and what is on cameras, can still be seen."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.card import CardPlan, make_card
from demo.clips import ClipPlan
from demo.simulated import SimulatedCamera
from tests.faults.test_full_disk import FULL, Fill
from tests.services.imagestore.store import problem
from tests.services.sdcard.browser import Browser, start_browser

PLAN = CardPlan(days=1, hours=2, clips_per_hour=6, oddities=False, clip=ClipPlan(seconds=1.0))
DATE = PLAN.last.isoformat()


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[SimulatedCamera]:
    """A camera with two hours of clips, on another disk."""
    make_card(tmp_path / "card", PLAN)
    with SimulatedCamera(tmp_path / "card") as made:
        yield made


@pytest.fixture
def browser(small_disk: Path) -> Iterator[Browser]:
    """A browser with everything on the small disk."""
    with start_browser(small_disk / "data") as made:
        yield made


def clip(browser: Browser, hour: int) -> dict[str, Any]:
    """The newest clip of an hour."""
    return browser.clips("cam1", DATE, hour=hour)[0]


def test_a_full_disk_refuses_changes_and_shows_cards(
    browser: Browser, camera: SimulatedCamera, small_disk: Path
) -> None:
    browser.online("cam1", camera)
    browser.scan("cam1", date=DATE, hour=9)
    fill = Fill(small_disk)
    fill.take_all()
    for number in range(40):  # a page of the log may have room left
        refused = browser.add(f"new-{number}", camera)
        if refused.status_code != 201:
            break
    assert problem(refused) == FULL
    assert problem(browser.post("/v1/cameras/cam1/scans", json={})) == FULL
    assert browser.dates("cam1") == [DATE]
    scanned, unscanned = clip(browser, 9), clip(browser, 10)
    assert browser.get(f"/v1/cameras/cam1/clips/{scanned['id']}/thumbnail.jpg").status_code == 200
    for one in (scanned, unscanned):
        found = browser.get(f"/v1/cameras/cam1/clips/{one['id']}")
        assert found.json()["properties"]["state"] == "whole"
        content = browser.get(f"/v1/cameras/cam1/clips/{one['id']}/content").content
        assert (len(content), content[4:8]) == (one["size"], b"ftyp")
    assert browser.get("/v1/cameras/cam1/usage").json()["clips"] == 12
    fill.give_back()
    assert browser.add("late", camera).status_code == 201
    assert browser.scan("cam1")["result"] == {"clips": 12, "known": 6, "read": 6, "failed": 0}
