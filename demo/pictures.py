"""`python -m demo.pictures ADDRESS`: takes the README's pictures of the page from a stack of `make demo`.

ADDRESS is the one that `make demo` prints, with its key. The pictures go to docs/pictures, none too large.
"""

import io
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"
MOST_BYTES = 150_000
SIZE = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 780}
NARROW = 960  # pixels a side: what a README shows
PATIENCE = 60_000.0
SIGNS = ("#15803d", "#4ade80")  # "live" in light and dark
STRIP = 12  # pixels of each beside the picture, while its palette is chosen


def images(page: Page) -> None:
    """The gallery."""
    page.evaluate("location.hash = '#/images'")
    expect(page.get_by_text("rocket.jpg").first).to_be_visible()


def tagging(page: Page) -> None:
    """A frame of the dataset with its labels."""
    page.evaluate("location.hash = '#/tagging/1?row=27'")
    expect(page.locator('canvas[data-state="ready"]')).to_have_count(3)


def processing(page: Page) -> None:
    """Two operations, seen on one of two images."""
    page.evaluate("location.hash = '#/processing?image=coffee.png&image=motorcycle_left.png'")
    expect(page.get_by_role("button", name="Process 2 images")).to_be_visible()
    for words in ("sharpen", "colour inversion"):
        page.get_by_role("button", name="Add an operation").click()
        search = page.get_by_role("combobox", name="Search operations")
        search.fill(words)
        search.press("Enter")
    expect(page.get_by_text("mean").nth(1)).to_be_visible()


def cameras(page: Page) -> None:
    """The clips of an hour."""
    page.evaluate("location.hash = '#/cameras/demo'")
    expect(page.locator(".cam-open img").first).to_be_visible()


def quality(page: Page) -> None:
    """The charts of a day."""
    page.evaluate("location.hash = '#/cameras/demo?view=quality'")
    expect(page.get_by_text("in recording")).to_be_visible()


PICTURES: tuple[tuple[str, str, dict[str, int], Callable[[Page], None]], ...] = (
    ("images", "light", SIZE, images),
    ("tagging", "dark", SIZE, tagging),
    ("processing", "light", SIZE, processing),
    ("cameras", "dark", SIZE, cameras),
    ("quality", "light", SIZE, quality),
    ("phone", "dark", PHONE, images),
)


def main() -> None:
    """Take those that are named, or all of them."""
    if len(sys.argv) < 2:
        sys.exit("usage: python -m demo.pictures ADDRESS [NAME ...]")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("there is no Chromium on this machine")
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for name, scheme, size, go in PICTURES:
            if not sys.argv[2:] or name in sys.argv[2:]:
                _write(FOLDER / f"{name}.png", _take(browser, sys.argv[1], scheme, size, go))
        browser.close()


def _take(
    browser: Browser, address: str, scheme: str, size: dict[str, int], go: Callable[[Page], None]
) -> bytes:
    context = browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(address)
    expect(page.get_by_text("Live: changes show at once")).to_be_attached()
    go(page)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)  # for the last picture to be painted
    taken = page.screenshot()
    context.close()
    return taken


def _write(path: Path, taken: bytes) -> None:
    """With as many colours as fit. Raises SystemExit where none do: the README would be slow."""
    picture = Image.open(io.BytesIO(taken)).convert("RGB")
    picture.thumbnail((NARROW, NARROW), Image.Resampling.LANCZOS)
    for colours in (None, 256, 128, 64):
        small = picture if colours is None else _reduced(picture, colours)
        small.save(path, optimize=True)
        size = path.stat().st_size
        if size <= MOST_BYTES:
            print(
                f"{path.relative_to(FOLDER.parent.parent)}: {size / 1000:.0f} KB, {colours or 'all'} colours"
            )
            return
    sys.exit(f"{path.name} has {size / 1000:.0f} KB")


def _reduced(picture: Image.Image, colours: int) -> Image.Image:
    """The palette knows the page's signs: their few pixels would turn grey beside a large photograph."""
    wide, high = picture.size
    shown = Image.new("RGB", (wide, high + len(SIGNS) * STRIP))
    shown.paste(picture)
    for place, colour in enumerate(SIGNS):
        shown.paste(colour, (0, high + place * STRIP, wide, high + (place + 1) * STRIP))
    palette = shown.quantize(colours, method=Image.Quantize.MEDIANCUT)
    return picture.quantize(palette=palette, dither=Image.Dither.NONE)


if __name__ == "__main__":
    main()
