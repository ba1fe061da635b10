"""Cameras in the page: from an address to a playing clip, its day in charts, and a service that is killed."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from demo.card import CardPlan, make_card
from demo.clips import ClipPlan
from demo.simulated import SimulatedCamera
from tests.conftest import StartStack
from tests.journeys.axe import findings
from tests.journeys.conftest import Visitor
from tests.scripts.stack_process import wait_until
from tests.stack import Stack

PLAN = CardPlan(days=2, hours=2, clips_per_hour=8, clip=ClipPlan(seconds=2.0))
DATE = PLAN.last.isoformat()
PICTURE = "image => image.decode().then(() => [image.naturalWidth, image.naturalHeight])"
PLAYING = "video => video.readyState >= 2 && video.videoWidth === 320"
SHADED = """canvas => {
  const { width, height } = canvas;
  const bytes = canvas.getContext("2d").getImageData(0, 0, width, height).data;
  let found = 0;
  for (let at = 0; at < bytes.length; at += 4)
    if (bytes[at] > 150 && bytes[at + 3] > 60 && bytes[at + 3] < 120) found++;
  return found / (width * height);
}"""  # how much of a chart has the colour of gaps; a bar under one is opaque
PAINTED = """canvas => {
  const { width, height } = canvas;
  const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const words = new Uint32Array(copy.getImageData(0, 0, width, height).data.buffer);
  const counts = new Map();
  for (const word of words) if (word >>> 24 === 255) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].sort((one, other) => other[1] - one[1])[0]?.[0];
}"""  # the opaque colour that most of a chart has: that of its bars


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[SimulatedCamera]:
    """A camera with two hours of clips on each of two days."""
    make_card(tmp_path / "card", PLAN)
    with SimulatedCamera(tmp_path / "card") as made:
        yield made


@pytest.fixture
def stack(camera: SimulatedCamera, tmp_path: Path, start_stack: StartStack) -> Stack:
    """A stack that may reach cameras of this machine, and knows of none."""
    ini = tmp_path / "cameras.ini"
    ini.write_text(f"[defaults]\nhost = {{id}}.invalid\nconfig_path = {camera.config_path}\n")
    return start_stack(
        CONFIG_INI=str(ini),
        DARKROOM_SDCARD_CAMERA_NETWORKS="127.0.0.0/8",
        DARKROOM_SDCARD_STALE_SECONDS="1",
    )


@contextmanager
def sitting(browser: Browser, stack: Stack, *, calm: bool = False) -> Iterator[Visitor]:
    """Somebody who is signed in; what goes wrong in their browser fails the test at the end."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, reduced_motion="reduce" if calm else "no-preference"
    )
    context.set_default_timeout(20_000)
    made = Visitor(context, context.new_page(), stack.gateway_url)
    made.watch(made.page)
    context.request.post(f"{stack.gateway_url}/v1/session", data={"key": stack.key})
    made.page.goto(f"{stack.gateway_url}/#/tagging")
    expect(made.page.get_by_text("Live: changes show at once")).to_be_attached()
    yield made
    assert (made.errors, made.foreign) == ([], [])
    context.close()


def add(page: Page, camera: SimulatedCamera) -> None:
    """By the keyboard alone: the workbench, the form, its fields, the key."""
    page.keyboard.press("Alt+4")
    button = page.get_by_role("button", name="Add a camera")
    expect(button).to_be_visible()
    tab_to(page, button)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Add a camera")).to_be_visible()
    for name, value in (
        ("Id", "yard-3"), ("Address", camera.host), ("Port", str(camera.port)),
        ("User", camera.user), ("Password", camera.password),
    ):  # fmt: skip
        tab_to(page, page.get_by_label(name, exact=True))
        page.keyboard.type(value)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="yard-3")).to_be_visible()


def tab_to(page: Page, place: Locator) -> None:
    """Press Tab until the focus is there."""
    for _ in range(60):
        if place.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("the keyboard does not reach it")


def test_from_an_address_to_a_clip_and_its_day(
    browser: Browser, stack: Stack, camera: SimulatedCamera
) -> None:
    with sitting(browser, stack) as visitor:
        page = visitor.page
        add(page, camera)
        expect(page.get_by_role("alert", name="The camera's key")).to_contain_text(camera.fingerprint)
        assert findings(page) == []
        tab_to(page, page.get_by_role("button", name="It is the same: accept this key"))
        page.keyboard.press("Enter")
        expect(page.get_by_text("Online", exact=True)).to_be_visible()
        expect(page.get_by_role("meter")).to_be_visible()

        # The newest hour is read because it is looked at; what is not read yet fills in by event.
        day = page.get_by_role("button", name=f"{DATE}: ")
        expect(day).to_have_attribute("aria-pressed", "true")
        expect(page.get_by_text("8 files")).to_be_visible()
        pictures = page.locator(".cam-open img")
        expect(pictures).to_have_count(8)
        expect(page.get_by_text("Reading …")).to_have_count(0)
        assert pictures.first.evaluate(PICTURE) == [320, 240]
        pictures.first.hover()
        expect(pictures.first).to_have_attribute("src", re.compile(r"/preview\.gif$"))
        assert findings(page) == []

        # A clip by the keyboard: it plays from the card, tells of itself, and comes down whole.
        tab_to(page, page.locator(".cam-open").first)
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog")
        page.wait_for_function(PLAYING, arg=dialog.locator("video").element_handle())
        expect(dialog.get_by_role("row", name="Resolution 320 \u00d7 240")).to_be_visible()
        expect(dialog.get_by_role("row", name="Duration 2 s")).to_be_visible()
        assert findings(page) == []
        with page.expect_download() as download:
            dialog.get_by_role("link", name="Download").click()
        name = download.value.suggested_filename
        assert Path(download.value.path()).read_bytes() == next(camera.card.rglob(name)).read_bytes()
        address = page.url
        page.keyboard.press("Escape")
        expect(page).not_to_have_url(re.compile("clip="))
        page.goto(address)  # it can be bookmarked
        expect(page.get_by_role("dialog")).to_contain_text(name)
        page.keyboard.press("Escape")

        look_at_charts(page)
        with sitting(browser, stack, calm=True) as other:
            pictures_stand_still(other.page)
        kill_behind(visitor, stack)


def look_at_charts(page: Page) -> None:
    """Usage and quality, each with a table and a CSV, and what was not recorded is marked."""
    page.get_by_role("link", name="09", exact=False).first.click()
    for words in ("No clip", "Broken", "Cut off, or still being written"):
        expect(page.get_by_text(words, exact=True)).to_be_visible()
    page.get_by_role("link", name="Usage").click()
    expect(page.get_by_role("row", name="09:00")).to_be_visible()
    chart = page.locator(".cam-chart canvas")
    expect(chart).to_be_visible()
    light = chart.evaluate(PAINTED)
    page.emulate_media(color_scheme="dark")
    wait_until(lambda: chart.evaluate(PAINTED) not in (light, None))
    page.emulate_media(color_scheme="light")
    wait_until(lambda: chart.evaluate(PAINTED) == light)
    assert findings(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert "09:00" in Path(download.value.path()).read_text()
    page.get_by_role("link", name="Quality and gaps").click()
    expect(page.get_by_text("in recording")).to_be_visible()
    expect(page.get_by_role("row", name="10:00").get_by_text("320x240")).to_be_visible()
    assert page.locator(".cam-chart canvas").first.evaluate(SHADED) > 0.2
    assert findings(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert "320x240" in Path(download.value.path()).read_text()


def pictures_stand_still(page: Page) -> None:
    """For those who prefer less motion."""
    page.goto(page.url.replace("#/tagging", "#/cameras/yard-3"))
    picture = page.locator(".cam-open img").first
    picture.hover()
    expect(picture).to_have_attribute("src", re.compile(r"/thumbnail\.jpg$"))
    assert "preview.gif" not in page.content()


def kill_behind(visitor: Visitor, stack: Stack) -> None:
    """The service ends behind the open page; the page says so, and goes on by itself when it is back."""
    page = visitor.page
    page.get_by_role("link", name="Clips", exact=True).click()
    expect(page.locator(".cam-open img").first).to_be_visible()
    stack.wait_until_back("sdcard", stack.kill("sdcard"))
    page.get_by_role("button", name=f"{PLAN.last.replace(day=PLAN.last.day - 1)}: ").click()
    expect(page.locator(".cam-open img")).to_have_count(8)
    expect(page.get_by_text("Live: changes show at once")).to_be_attached()
    for status in (502, 503, 504):
        visitor.forgive(status)  # while it was gone
