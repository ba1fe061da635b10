"""Images in the page: put in, found, looked at, changed, shared, thrown away and taken back; by keys, too."""

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, Route, expect

from tests.journeys.axe import findings
from tests.journeys.conftest import Visitor
from tests.journeys.photos import photo
from tests.services.imagestore.store import picture
from tests.shared.imaging_samples import exif, saved
from tests.stack import Stack

Visit = Callable[[], Visitor]
DECODED = "image => image.decode().then(() => [image.naturalWidth, image.naturalHeight])"
MANY = 430


def enter(visitor: Visitor, stack: Stack, place: str = "") -> Page:
    """Sign in, and go to a place of the workbench."""
    page = visitor.page
    page.goto(stack.address)
    expect(page.get_by_text("Live: changes show at once")).to_be_attached()
    page.goto(f"{stack.gateway_url}/#/images{place}")
    return page


def tile(page: Page, name: str) -> Locator:
    """An image in the gallery."""
    return page.locator(f'.im-tile [data-name="{name}"]')


def put(stack: Stack, **files: bytes) -> None:
    """Store images as a program does."""
    with stack.images() as client:
        for name, content in files.items():
            client.put(f"/v1/images/{name.replace('__', '.')}", content=content).raise_for_status()


@pytest.fixture(scope="module")
def many(stack: Stack) -> str:
    """The search that finds images of which no screen shows all."""
    with stack.images() as client:
        files = [("files", (f"many-{number:04}.png", picture(number))) for number in range(MANY)]
        client.post("/v1/images", files=files).raise_for_status()
    return "many-"


def test_a_folder_is_put_in_seen_by_others_tagged_shared_and_packed(
    stack: Stack, visit: Visit, tmp_path: Path
) -> None:
    folder = tmp_path / "trip"
    (folder / "day 1").mkdir(parents=True)
    (folder / "day 1" / "cup.png").write_bytes(photo("coffee.png").data)
    (folder / "cat.png").write_bytes(photo("chelsea.png").data)
    (folder / "launch.jpg").write_bytes(photo("rocket.jpg").data)
    (folder / "words.txt").write_text("no image")
    visitor, other = visit(), visit()
    page, there = enter(visitor, stack), enter(other, stack, "?q=trip_")
    expect(there.get_by_text("No image fits.")).to_be_visible()
    page.get_by_role("button", name="Other ways to upload").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload a folder").click()
    chooser.value.set_files(folder)
    expect(page.get_by_text("3 files uploaded")).to_be_visible()
    expect(page.get_by_text("1 file left out: no images")).to_be_visible()
    names = ["trip_cat.png", "trip_day_1_cup.png", "trip_launch.jpg"]
    for name, side in zip(names, (300, 320, 320), strict=True):
        assert tile(there, name).locator("img").evaluate(DECODED) == [side, side]
    page.get_by_role("button", name="Close", exact=True).click()

    # Three with a click and a click with Shift; a tag for all.
    page.get_by_role("searchbox", name="Search names and tags").fill("trip_")
    page.get_by_label("Order").select_option("name")
    expect(page.get_by_text("3 images found")).to_be_visible()
    assert page.url.endswith("#/images?q=trip_&sort=name")
    tile(page, names[0]).click(modifiers=["Control"])
    tile(page, names[2]).click(modifiers=["Shift"])
    selection = page.get_by_role("region", name="Selection")
    expect(selection.get_by_text("3 images selected")).to_be_visible()
    assert findings(page) == []
    selection.get_by_label("Tag for the selected images").fill("holiday, by sea")
    selection.get_by_role("button", name="Add tag").click()
    with stack.images() as client:
        expect(selection.get_by_text("3 images selected")).to_be_visible()
        assert [client.get(f"/v1/images/{name}").json()["tags"] for name in names] == [
            ["holiday, by sea"]
        ] * 3
    with page.expect_download() as packed:
        selection.get_by_role("button", name="Download ZIP").click()
    with zipfile.ZipFile(packed.value.path()) as archive:
        assert sorted(archive.namelist()) == names
        assert archive.read(names[1]) == photo("coffee.png").data

    # A link for all three; whoever has it sees them until it is revoked.
    selection.get_by_role("button", name="Share").click()
    page.get_by_label("Title (optional)").fill("Our trip")
    page.get_by_role("button", name="Make the link").click()
    url = page.locator("#link").input_value()
    assert len(httpx2.get(url, headers={"Accept": "application/json"}, trust_env=False).json()["items"]) == 3
    assert findings(page) == []
    page.get_by_role("link", name="All links").click()
    row = page.get_by_role("listitem").filter(has_text="Our trip")
    expect(row.get_by_text("Open until")).to_be_visible()
    assert findings(page) == []
    row.get_by_role("button", name="Revoke the link to Our trip").click()
    expect(row.get_by_text("This link was revoked")).to_be_visible()
    assert httpx2.get(url, trust_env=False).status_code == 404

    # A tag is an address.
    page.get_by_role("link", name="Images", exact=False).last.click()
    page.get_by_role("button", name="Filter by tags").click()
    page.get_by_role("checkbox", name="holiday, by sea").check()
    expect(page.locator(".im-tile")).to_have_count(3)
    there.goto(page.url)
    expect(there.locator(".im-tile")).to_have_count(3)
    there.get_by_role("button", name="Show all, not only holiday, by sea").click()
    expect(there).to_have_url(re.compile(r"#/images$"))


def test_an_image_is_looked_at_renamed_given_back_its_content_and_brought_back(
    stack: Stack, visit: Visit
) -> None:
    taken = saved(
        Image.open(io.BytesIO(photo("rocket.jpg").data)), "JPEG", exif=exif(taken="2020:01:02 03:04:05")
    )
    put(stack, turn__jpg=taken)
    put(stack, turn__jpg=photo("retina.jpg").data)
    visitor = visit()
    page = enter(visitor, stack, "/turn.jpg?q=turn")
    viewer = page.get_by_role("dialog", name="turn.jpg")
    assert viewer.locator("figure img").evaluate(DECODED) == [1411, 1411]
    viewer.get_by_text("2 versions").click()
    viewer.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("Version 1 is the present one again")).to_be_visible()
    expect(viewer.get_by_text("3 versions")).to_be_visible()
    viewer.get_by_text("EXIF", exact=True).click()
    expect(viewer.get_by_text("2020:01:02 03:04:05")).to_be_visible()
    with stack.images() as client:
        assert client.get("/v1/images/turn.jpg/content").content == taken
        viewer.get_by_label("Name", exact=True).fill("turned back.jpg")
        viewer.get_by_role("button", name="Rename").click()
        viewer = page.get_by_role("dialog", name="turned_back.jpg")
        expect(viewer).to_be_visible()
        assert re.search(r"#/images/turned_back\.jpg\?q=turn$", page.url)
        assert findings(page) == []
        address = viewer.get_by_label("Address of this content").input_value()
        assert client.get(address).content == taken
        viewer.get_by_role("button", name="Delete").click()
        expect(viewer).to_be_hidden()
        page.get_by_role("link", name="Trash").click()
        row = page.get_by_role("listitem").filter(has_text="turned_back.jpg")
        assert row.locator("img").evaluate(DECODED) == [120, 120]
        assert findings(page) == []

        # Another one has taken the name meanwhile: it comes back under another.
        put(stack, turned_back__jpg=picture(3))
        row.get_by_role("button", name="Restore").click()
        page.get_by_label("Bring it back as").fill("turned_again.jpg")
        page.get_by_role("dialog").get_by_role("button", name="Restore").click()
        expect(row).to_have_count(0)
        assert client.get("/v1/images/turned_again.jpg/content").content == taken
    page.go_back()
    expect(tile(page, "turned_again.jpg")).to_be_visible()
    visitor.forgive(409)


def test_everything_goes_by_the_keyboard_alone(stack: Stack, visit: Visit) -> None:
    put(stack, keys_a__png=picture(1), keys_b__png=picture(2), keys_c__png=picture(3), keys_d__png=picture(4))
    page = enter(visit(), stack, "?sort=name")
    expect(page.locator(".im-tile").first).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("keys_")
    expect(page.get_by_text("4 images found")).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?q=keys_&sort=name$"))
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.name"):
            break
    expect(tile(page, "keys_a.png")).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    viewer = page.get_by_role("dialog")
    expect(viewer).to_have_accessible_name("keys_b.png")
    page.keyboard.press("ArrowRight")
    expect(viewer).to_have_accessible_name("keys_c.png")
    page.keyboard.press("Escape")
    expect(tile(page, "keys_c.png")).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowRight")
    status = page.get_by_role("region", name="Selection").get_by_role("status")
    expect(status).to_have_text("2 images selected")
    page.keyboard.press("Control+a")
    expect(status).to_have_text("4 images selected")
    page.keyboard.press("Escape")
    expect(status).to_have_count(0)
    expect(tile(page, "keys_d.png")).to_be_focused()
    page.keyboard.press("Delete")
    expect(page.locator(".im-tile")).to_have_count(3)
    undo = page.get_by_role("button", name="Undo")
    undo.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".im-tile")).to_have_count(4)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog").get_by_text("Select all up to there")).to_be_visible()


def test_any_place_of_a_long_list_is_one_step_away(stack: Stack, visit: Visit, many: str) -> None:
    page = enter(visit(), stack, f"/many-0400.png?q={many}&sort=name")
    expect(page.get_by_role("dialog").get_by_text(f"401 of {MANY}")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("dialog", name="many-0399.png")).to_be_visible()
    page.keyboard.press("Escape")
    expect(tile(page, "many-0399.png")).to_be_focused()
    page.keyboard.press("End")
    expect(tile(page, f"many-{MANY - 1:04}.png")).to_be_focused()
    assert tile(page, f"many-{MANY - 1:04}.png").locator("img").evaluate(DECODED) == [8, 8]
    page.keyboard.press("Space")
    page.keyboard.press("Shift+Home")
    expect(page.get_by_text(f"{MANY} images selected")).to_be_visible()
    assert page.locator(".im-tile").count() < 150  # only what is in view exists
    page.keyboard.press("End")
    expect(tile(page, f"many-{MANY - 1:04}.png")).to_be_focused()
    put(stack, **{"many-0000a__png": picture(9999)})
    notice = page.get_by_role("button", name="1 new image: show")
    notice.click()
    expect(page.get_by_text(f"{MANY + 1} images found")).to_be_visible()
    expect(tile(page, "many-0000a.png")).to_be_visible()


def test_uploads_wait_for_the_line_and_a_reload_tells_what_is_missing(stack: Stack, visit: Visit) -> None:
    visitor = visit()
    page = enter(visitor, stack)
    files = [
        {"name": f"line-{number}.png", "mimeType": "image/png", "buffer": picture(number)}
        for number in range(5)
    ]
    visitor.context.set_offline(True)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload", exact=True).click()
    chooser.value.set_files(files)  # type: ignore[arg-type]
    expect(page.get_by_text("The line is down. It goes on by itself.")).to_be_visible()
    visitor.context.set_offline(False)
    expect(page.get_by_text("5 files uploaded")).to_be_visible()
    visitor.errors = [error for error in visitor.errors if "ERR_INTERNET_DISCONNECTED" not in error]
    with stack.images() as client:
        assert client.get("/v1/images/line-4.png/content").content == picture(4)

    def hold(route: Route) -> None:
        """The answer never comes."""

    page.route(re.compile(r"/v1/images$"), hold)
    page.on("dialog", lambda dialog: dialog.accept())
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload", exact=True).click()
    chooser.value.set_files([{**file, "name": f"again-{file['name']}"} for file in files])  # type: ignore[arg-type]
    expect(page.get_by_text("Uploading 1 of 10")).to_be_hidden()
    expect(page.get_by_text("Uploading 6 of 10")).to_be_visible()
    page.reload()
    page.unroute_all()
    expect(page.get_by_text("5 files had not been sent when this page was left")).to_be_visible()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload", exact=True).click()
    chooser.value.set_files([{**file, "name": f"again-{file['name']}"} for file in files])  # type: ignore[arg-type]
    expect(page.get_by_text("5 files uploaded")).to_be_visible()
    expect(page.get_by_text("had not been sent")).to_be_hidden()


def test_files_are_dropped_and_pasted(stack: Stack, visit: Visit) -> None:
    page = enter(visit(), stack, "?q=dropped.png")
    expect(page.get_by_text("No image fits.")).to_be_visible()
    give = """([type, field, name, bytes]) => {
        const held = new DataTransfer();
        held.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
        const event = type === "drop" ? DragEvent : ClipboardEvent;
        const options = { bubbles: true, cancelable: true, [field]: held };
        document.body.dispatchEvent(new event(type, options));
    }"""
    page.evaluate(give, ["drop", "dataTransfer", "dropped.png", list(picture(7))])
    expect(tile(page, "dropped.png")).to_be_visible()
    page.evaluate(give, ["paste", "clipboardData", "image.png", list(picture(8))])
    expect(page.get_by_text("2 files uploaded")).to_be_visible()
    with stack.images() as client:
        assert client.get("/v1/images/dropped.png/content").content == picture(7)
        (pasted,) = client.get("/v1/images", params={"prefix": "pasted_"}).json()["items"]
        assert client.get(f"/v1/images/{pasted['name']}/content").content == picture(8)


def test_a_phone_looks_and_shares(stack: Stack, visit: Visit) -> None:
    put(stack, phone__png=photo("astronaut.png").data)
    visitor = visit()
    visitor.page.set_viewport_size({"width": 390, "height": 800})
    page = enter(visitor, stack, "?q=phone")
    assert tile(page, "phone.png").locator("img").evaluate(DECODED) == [320, 320]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert findings(page) == []
    tile(page, "phone.png").click()
    page.get_by_role("dialog", name="phone.png").get_by_role("button", name="Share").click()
    page.get_by_role("button", name="Make the link").click()
    url = page.locator("#link").input_value()
    assert httpx2.get(url, trust_env=False).content == photo("astronaut.png").data
