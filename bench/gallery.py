"""The gallery of 100,000 images in Chromium: its first pictures, and its frames while it is scrolled."""

import statistics
from datetime import timedelta

import httpx2
from playwright.sync_api import Page
from sqlalchemy import func, insert, select

from bench.photos import copies, photo
from bench.rows import Row
from bench.stack import Stack
from services.imagestore.tables import images
from shared.database.engine import make_engine

IMAGES = 100_000
DIFFERENT = 300  # contents; the other names stand for the same ones, and no browser knows that
LOADS = 3
PIXELS_A_FRAME = 60  # at 60 frames a second: three to four screens a second
SCROLLED = 600  # frames
WAYS = 3
BEGIN = 400_000  # pixels from the top: some 16,000 images in

# From the navigation on, until every picture of the screen is there and the frame with the last is painted.
FIRST = """() => new Promise(done => {
  const look = () => {
    const tiles = [...document.querySelectorAll(".im-tile")].filter(tile => {
      const box = tile.getBoundingClientRect();
      return box.top < innerHeight && box.bottom > 0;
    });
    const drawn = tiles.filter(tile => tile.querySelector("img")?.complete);
    if (!tiles.length || drawn.length < tiles.length) return requestAnimationFrame(look);
    const channel = new MessageChannel();
    channel.port1.onmessage = () => done([performance.now(), tiles.length]);
    channel.port2.postMessage(0);
  };
  requestAnimationFrame(look);
})"""
SCROLL = """([from, step, count]) => new Promise(done => {
  scrollTo(0, from);
  const frames = [];
  let last;
  const frame = now => {
    if (last !== undefined) frames.push(now - last);
    last = now;
    if (frames.length === count) return done(frames);
    scrollBy(0, step);
    requestAnimationFrame(frame);
  };
  setTimeout(() => requestAnimationFrame(frame), 1500);
})"""


def rows(stack: Stack, client: httpx2.Client, page: Page) -> list[Row]:
    """The gallery's rows of the table."""
    fill(stack, client)
    first, shown, cold = _first_pictures(stack, page)
    far = PIXELS_A_FRAME * SCROLLED
    loading = _scroll(page, BEGIN, PIXELS_A_FRAME)
    ways = [
        _scroll(page, BEGIN if number % 2 else BEGIN + far, PIXELS_A_FRAME if number % 2 else -PIXELS_A_FRAME)
        for number in range(WAYS)
    ]
    longest = statistics.median(max(frames) for frames in ways)
    median = statistics.median(frame for frames in ways for frame in frames)
    drawn = f"median of {WAYS} ways of {SCROLLED} frames, {PIXELS_A_FRAME} px each, median {median:.1f} ms"
    return [
        Row(
            f"gallery of {IMAGES:,} images: its first {shown} pictures",
            first,
            1,
            "s",
            1,
            first <= 1,
            f"from the navigation on; when no picture had ever been made smaller: {cold:.1f} s",
        ),
        Row(
            "scrolling in it: longest frame",
            longest,
            50,
            "ms",
            1,
            round(longest) <= 50,  # frames come with the screen's, every 16.7 ms: the third is 50.0 or 50.1
            f"{drawn}; the first way, all of it loading: {max(loading):.0f} ms",
        ),
    ]


def _first_pictures(stack: Stack, page: Page) -> tuple[float, int, float]:
    """Seconds (median of a few loads), how many pictures the screen shows, and seconds of the first load."""
    seconds = []
    for _ in range(LOADS + 1):
        page.goto("about:blank")
        page.goto(f"{stack.gateway_url}/#/images")
        milliseconds, shown = page.evaluate(FIRST)
        seconds.append(milliseconds / 1000)
        page.wait_for_timeout(1500)
    return statistics.median(seconds[1:]), int(shown), seconds[0]


def _scroll(page: Page, begin: int, step: int) -> list[float]:
    """Milliseconds of each frame. Raises ValueError where there is nothing to see at the end."""
    frames: list[float] = page.evaluate(SCROLL, [begin, step, SCROLLED])
    page.wait_for_timeout(3000)
    if not page.locator(".im-tile img").count():
        raise ValueError("the gallery shows no pictures where it was scrolled to")
    return frames


def fill(stack: Stack, client: httpx2.Client) -> None:
    """A few hundred photographs by the API, and names for them straight into the catalogue."""
    for number, content in enumerate(copies(photo(1280, 720), DIFFERENT)):
        client.put(f"/api/imagestore/v1/images/photo_{number:06}.jpg", content=content).raise_for_status()
    engine = make_engine(f"sqlite:///{stack.data_dir}/imagestore/imagestore.db", busy_timeout=60)
    with engine.begin() as connection:
        found = connection.execute(select(images).order_by(images.c.id)).mappings().all()
        there = connection.scalar(select(func.count()).select_from(images)) or 0
        made = []
        for number in range(IMAGES - there):
            like = found[number % len(found)]
            moment = like["created_at"] - timedelta(seconds=number)
            name = f"more_{number:06}.jpg"
            fields = {key: value for key, value in like.items() if key != "id"}
            fields |= {"name": name, "folded_name": name, "created_at": moment, "shown_at": moment}
            made.append(fields)
        connection.execute(insert(images), made)
    engine.dispose()
