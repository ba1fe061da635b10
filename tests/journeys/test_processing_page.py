"""Processing in the page: a pipeline seen on one photo, done with all, compared, kept and downloaded."""

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, expect

from tests.conftest import StartStack
from tests.journeys.axe import findings
from tests.journeys.conftest import Visitor
from tests.journeys.photos import Photo, photo
from tests.scripts.stack_process import wait_until
from tests.stack import Stack

Pixels = NDArray[np.uint8]
Visit = Callable[[], Visitor]
PHOTOS = ("coffee.png", "rocket.jpg", "astronaut.png")
PIXELS = """async image => {
    await image.decode();
    const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
    const pen = canvas.getContext("2d");
    pen.drawImage(image, 0, 0);
    const bytes = pen.getImageData(0, 0, canvas.width, canvas.height).data;
    return [canvas.width, canvas.height, [...bytes.filter((_, at) => at % 4 === 0)]];
}"""


def enter(visitor: Visitor, stack: Stack, place: str = "") -> Page:
    """Sign in, and go to a place of the workbench."""
    page = visitor.page
    page.goto(stack.address)
    expect(page.get_by_text("Live: changes show at once")).to_be_attached()
    page.goto(f"{stack.gateway_url}/#/processing{place}")
    return page


def choose(page: Page, photos: list[Photo]) -> None:
    """Choose photographs from the disk."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files([it.path for it in photos])


def add_operation(page: Page, words: str) -> None:
    """By the keyboard alone: A, words, Enter."""
    page.keyboard.press("a")
    expect(page.get_by_role("combobox", name="Search operations")).to_be_focused()
    page.keyboard.type(words)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)


def read(data: bytes, flags: int = cv2.IMREAD_UNCHANGED) -> Pixels:
    """The pixels in an image's bytes."""
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    assert pixels is not None
    return pixels.astype(np.uint8, copy=False)


def edges(source: Photo, kernel: int) -> Pixels:
    """What the pipeline of these journeys makes of a photograph, by OpenCV itself."""
    blurred = cv2.GaussianBlur(read(source.data, cv2.IMREAD_COLOR), (kernel, kernel), 0)
    return cv2.Canny(cv2.cvtColor(blurred, cv2.COLOR_BGR2GRAY), 90, 180).astype(np.uint8, copy=False)


def shown(page: Page) -> Pixels:
    """The red of the result that the page shows."""
    image = page.get_by_role("img", name=re.compile(r", result$"))
    width, height, red = image.evaluate(PIXELS)
    return np.array(red, np.uint8).reshape(height, width)


def test_a_pipeline_is_previewed_run_compared_and_downloaded(stack: Stack, visit: Visit) -> None:
    visitor = visit()
    page = enter(visitor, stack)
    photos = [photo(name) for name in PHOTOS]
    choose(page, photos)
    add_operation(page, "gauss")
    add_operation(page, "edge det")
    page.get_by_label("Kernel, typed").fill("9")
    expected = edges(photos[0], 9)
    wait_until(lambda: np.array_equal(shown(page), expected), lambda: "the preview is another one")
    assert findings(page) == []

    # A reload takes nothing away, not even files of the disk; nor does looking elsewhere in the page.
    with page.expect_response(re.compile("/process")):
        page.reload()
    wait_until(lambda: np.array_equal(shown(page), expected), lambda: "the preview is another one")
    page.get_by_role("link", name="Jobs", exact=True).click()
    page.get_by_role("link", name="Prepare", exact=True).click()
    expect(page.get_by_role("button", name="Process 3 images")).to_be_visible()
    page.keyboard.press("Control+Enter")

    expect(page.get_by_text("all 3 done")).to_be_visible(timeout=60_000)  # the workers may still be starting
    assert re.search(r"#/processing/jobs/\d+$", page.url)
    page.reload()
    expect(page.get_by_text("all 3 done")).to_be_visible()
    assert findings(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Download all").click()
    archive = zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes()))
    stems = ["coffee-gaussian_blur-edge_detection.png", "astronaut-gaussian_blur-edge_detection.png"]
    assert [archive.namelist()[0], archive.namelist()[2]] == stems
    for name, source in zip(archive.namelist()[::2], photos[::2], strict=True):
        assert np.array_equal(read(archive.read(name)), edges(source, 9)), name

    page.get_by_role("button", name="coffee.png done").click()
    divider = page.get_by_role("slider", name="Edge between original and result")
    divider.press("ArrowRight")
    expect(divider).to_have_attribute("aria-valuenow", "52")
    wait_until(lambda: np.array_equal(shown(page), expected), lambda: "the result is another one")
    expect(page.get_by_role("img", name=re.compile("Histogram of the result: mean"))).to_be_visible()
    assert findings(page) == []
    page.keyboard.press("]")
    expect(page.get_by_role("heading", name="rocket.jpg")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="coffee.png done")).to_be_visible()


def test_one_image_apart_a_saved_pipeline_and_the_store(stack: Stack, visit: Visit) -> None:
    with stack.images() as client:
        for name in ("chelsea.png", "moon.png"):
            put = client.put(f"/v1/images/bench-{name}", content=photo(name).data)
            assert put.status_code in {200, 201}
    page = enter(visit(), stack)
    page.get_by_role("button", name="From the image store").click()
    page.get_by_role("searchbox", name="Search names and tags").fill("bench-")
    for name in ("chelsea.png", "moon.png"):
        page.get_by_role("button", name=f"bench-{name}").click()
    page.get_by_role("button", name="Add 2 images").click()
    add_operation(page, "invers")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_label("Name", exact=True).fill("Negative")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved as Negative")).to_be_visible()

    # The second one alone: nothing of the common pipeline, a flip instead.
    page.keyboard.press("]")
    page.get_by_role("button", name="Only this one").click()
    page.get_by_role("button", name="Remove Colour inversion").click()
    add_operation(page, "flip")
    page.get_by_label("Direction").select_option("vertical")
    page.get_by_label("Store results").check()
    page.get_by_role("button", name="Process 2 images").click()
    expect(page.get_by_text("all 2 done")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("done, stored")).to_have_count(2)
    with stack.client() as client:
        job = client.get(f"/api/processing/v1/jobs/{page.url.rpartition('/')[2]}").json()
        assert [item["stored_name"] for item in job["items"]] == [
            "bench-chelsea-colour_inversion.png",
            "bench-moon-flip.png",
        ]
        saved = client.get("/api/processing/v1/pipelines/Negative").json()
        assert saved["pipeline"] == [{"operation": "colour_inversion", "parameters": {}}]
    with stack.images() as client:
        flipped = client.get("/v1/images/bench-moon-flip.png/content").content
        assert np.array_equal(read(flipped), cv2.flip(read(photo("moon.png").data), 0))

    page.get_by_role("link", name="Prepare", exact=True).click()
    page.get_by_role("button", name="Saved").click()
    page.get_by_role("button", name="Delete Negative").click()
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_text("None yet.")).to_be_visible()


@pytest.mark.faults
def test_a_job_goes_on_behind_an_open_page_when_its_service_is_killed(
    browser: Browser, start_stack: StartStack
) -> None:
    stack = start_stack(services="processing imagestore", DARKROOM_PROCESSING_LEASE_SECONDS="3")
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    visitor = Visitor(context, context.new_page(), stack.gateway_url)
    visitor.watch(visitor.page)
    page = enter(visitor, stack)
    choose(page, [photo(name) for name in PHOTOS * 2])
    add_operation(page, "denoise")
    page.get_by_role("button", name="Process 6 images").click()
    expect(page.get_by_text(re.compile(r"[1-4] of 6 done"))).to_be_visible(timeout=60_000)
    killed = stack.kill("processing")
    stack.wait_until_back("processing", killed)
    expect(page.get_by_text("all 6 done")).to_be_visible(timeout=90_000)
    expect(page.get_by_role("button", name=re.compile(" done$"))).to_have_count(6)
    for status in (502, 503, 504):
        visitor.forgive(status)  # while it was gone
    assert visitor.errors == []
    assert visitor.foreign == []
    context.close()
