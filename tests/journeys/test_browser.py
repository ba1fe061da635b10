"""A person in a browser: signs in by the address, uploads, sees, finds, shares, deletes and takes it back."""

from collections.abc import Callable

import httpx2
import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.journeys.conftest import Visitor
from tests.journeys.photos import photo
from tests.stack import Stack

Visit = Callable[[], Visitor]
DECODED = "image => image.decode().then(() => [image.naturalWidth, image.naturalHeight])"


def tile(page: Page, name: str) -> Locator:
    """An image in the gallery."""
    return page.locator(f'.im-tile [data-name="{name}"]')


def enter(visitor: Visitor, stack: Stack) -> Page:
    """Open the address that `make run` prints."""
    page = visitor.page
    page.goto(stack.address)
    expect(page.get_by_text("Live: changes show at once")).to_be_attached()
    return page


def search(page: Page, words: str) -> None:
    """Look for words."""
    page.get_by_role("searchbox", name="Search names and tags").fill(words)


def choose(page: Page, *files: FilePayload) -> None:
    """Choose files from the disk."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload", exact=True).click()
    chooser.value.set_files(files)


def upload(page: Page, *names: str) -> None:
    """Upload photographs; each gets the name page-<name>."""
    photos = [photo(name) for name in names]
    choose(
        page, *(FilePayload(name=f"page-{it.name}", mimeType=it.media_type, buffer=it.data) for it in photos)
    )


def test_the_key_in_the_address_signs_in_and_is_not_left_there(stack: Stack, visit: Visit) -> None:
    visitor = visit()
    page = enter(visitor, stack)
    assert page.url == f"{stack.gateway_url}/"
    assert stack.key not in page.content()
    assert page.evaluate("document.cookie + JSON.stringify(localStorage)") == "{}"
    cookies = visitor.context.cookies()
    assert [(one["httpOnly"], one["sameSite"]) for one in cookies] == [(True, "Strict")]
    page.reload()
    expect(page.get_by_role("button", name="Upload", exact=True)).to_be_visible()
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Key")).to_be_visible()
    assert visitor.context.cookies() == []


def test_an_upload_shows_as_a_picture_here_and_in_another_browser(stack: Stack, visit: Visit) -> None:
    here, there = enter(visit(), stack), enter(visit(), stack)
    search(there, "page-coffee")
    expect(there.get_by_text("No image fits.")).to_be_visible()
    upload(here, "coffee.png", "rocket.jpg")
    for page in (here, there):
        shown = tile(page, "page-coffee.png").locator("img")
        expect(shown).to_be_visible()
        assert shown.evaluate(DECODED) == [320, 320]
    expect(here.get_by_text("2 files uploaded")).to_be_visible()
    with stack.images() as client:
        for name in ("coffee.png", "rocket.jpg"):
            assert client.get(f"/v1/images/page-{name}/content").content == photo(name).data


def test_a_picture_is_seen_large_labelled_and_found(stack: Stack, visit: Visit) -> None:
    page, other = enter(visit(), stack), enter(visit(), stack)
    upload(page, "chelsea.png", "retina.jpg")
    tile(page, "page-chelsea.png").click()
    viewer = page.get_by_role("dialog", name="page-chelsea.png")
    assert viewer.locator("figure img").evaluate(DECODED) == [451, 300]
    expect(viewer.get_by_text("451 \u00d7 300")).to_be_visible()
    viewer.get_by_label("New tag").fill("a cat at home")
    viewer.get_by_role("button", name="Add").click()
    expect(viewer.get_by_role("button", name="a cat at home", exact=True)).to_be_visible()
    viewer.get_by_role("button", name="Close").click()
    expect(viewer).to_be_hidden()
    search(other, "cat at")
    expect(tile(other, "page-chelsea.png")).to_be_visible()
    expect(other.locator(".im-tile")).to_have_count(1)
    with stack.images() as client:
        assert client.get("/v1/images/page-chelsea.png").json()["tags"] == ["a cat at home"]


def test_a_link_is_made_and_opened_by_somebody_without_a_key(stack: Stack, visit: Visit) -> None:
    page = enter(visit(), stack)
    upload(page, "astronaut.png")
    tile(page, "page-astronaut.png").click()
    page.get_by_role("dialog", name="page-astronaut.png").get_by_role("button", name="Share").click()
    page.get_by_role("button", name="Make the link").click()
    url = page.locator("#link").input_value()
    stranger = visit()
    stranger.page.goto(url)
    picture = stranger.page.get_by_role("img", name="page-astronaut.png")
    assert picture.evaluate(DECODED) == [360, 360]
    assert stranger.context.cookies() == []
    assert httpx2.get(url, trust_env=False).content == photo("astronaut.png").data


def test_a_link_with_a_password_opens_with_it_alone(stack: Stack, visit: Visit) -> None:
    page = enter(visit(), stack)
    upload(page, "moon.png")
    tile(page, "page-moon.png").click()
    page.get_by_role("dialog", name="page-moon.png").get_by_role("button", name="Share").click()
    page.get_by_label("Password (optional)").fill("sesame")
    page.get_by_role("button", name="Make the link").click()
    url = page.locator("#link").input_value()
    stranger = visit()
    stranger.page.goto(url)
    stranger.page.locator("input[type=password]").fill("sesame")
    stranger.page.locator("form button").click()
    assert stranger.page.get_by_role("img", name="page-moon.png").evaluate(DECODED) == [360, 360]
    stranger.forgive(401)  # it asked for the password


def test_deleting_can_be_taken_back(stack: Stack, visit: Visit) -> None:
    page, other = enter(visit(), stack), enter(visit(), stack)
    upload(page, "ihc.png")
    expect(tile(other, "page-ihc.png")).to_be_visible()
    tile(page, "page-ihc.png").click()
    page.get_by_role("dialog", name="page-ihc.png").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("page-ihc.png moved to the trash")).to_be_visible()
    expect(tile(other, "page-ihc.png")).to_have_count(0)
    with stack.images() as client:
        assert client.get("/v1/images/page-ihc.png").status_code == 404
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Undo").click()
        expect(tile(page, "page-ihc.png")).to_be_visible()
        expect(tile(other, "page-ihc.png")).to_be_visible()
        assert client.get("/v1/images/page-ihc.png/content").content == photo("ihc.png").data


def test_a_file_that_is_no_picture_is_named_and_spoils_nothing(stack: Stack, visit: Visit) -> None:
    visitor = visit()
    page = enter(visitor, stack)
    words: FilePayload = {"name": "page-words.jpg", "mimeType": "image/jpeg", "buffer": b"only words"}
    choose(page, words, {**words, "name": "page-fine.jpg", "buffer": photo("rocket.jpg").data})
    expect(page.get_by_text("1 file uploaded, 1 failed")).to_be_visible()
    expect(tile(page, "page-fine.jpg")).to_be_visible()
    visitor.forgive(415)


def test_the_docs_load_offline_and_try_a_call_out(stack: Stack, visit: Visit) -> None:
    visitor = visit()
    page = enter(visitor, stack)
    visitor.context.route(lambda url: not url.startswith(stack.gateway_url), lambda route: route.abort())
    page.goto(f"{stack.gateway_url}/docs")
    expect(page.get_by_text("Make a key; it is shown this once")).to_be_visible()
    page.locator(".topbar select").select_option(label="imagestore")
    call = page.locator(".opblock", has_text="Find images")
    call.click()
    call.get_by_role("button", name="Try it out").click()
    call.get_by_role("button", name="Execute").click()
    answered = call.locator(".live-responses-table tbody .response-col_status").first
    expect(answered).to_contain_text("200")
    expect(call.locator(".request-url")).to_contain_text(f"{stack.gateway_url}/api/imagestore/v1/images")


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_a_stranger_is_asked_for_a_key(stack: Stack, visit: Visit, path: str) -> None:
    visitor = visit()
    visitor.page.goto(f"{stack.gateway_url}{path}")
    expect(
        visitor.page.get_by_text("Key" if path == "/" else "Nobody is signed in here").first
    ).to_be_visible()
    visitor.forgive(401)  # which is the reason
