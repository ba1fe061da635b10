"""People who label in the page: by keyboard, two at a time, and while the service is away."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.axe import findings
from tests.journeys.conftest import Visitor
from tests.journeys.drive import Drive, saved_tags, tags_of
from tests.scripts.stack_process import wait_until
from tests.stack import Stack

Visit = Callable[[], Visitor]
CAMERAS = 3
PATIENCE_MS = 20_000


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Drive:
    """Pictures and their CSV."""
    made = Drive(tmp_path_factory.mktemp("drive"))
    made.make()
    return made


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, drive: Drive) -> Iterator[Stack]:
    """A stack that may read them."""
    running = Stack(
        tmp_path_factory.mktemp("page"), services="tagging", DARKROOM_TAGGING_ROOTS=str(drive.folder)
    )
    yield running
    running.close()


@pytest.fixture
def client(stack: Stack) -> Iterator[httpx2.Client]:
    """A program with the admin key."""
    with stack.client() as found:
        yield found


def enter(visitor: Visitor, stack: Stack, place: str, key: str | None = None) -> Page:
    """Sign in, and go to a place of the page."""
    page = visitor.page
    page.goto(f"{stack.gateway_url}/#key={key or stack.key}")
    expect(page.get_by_text("Live: changes show at once")).to_be_attached()
    page.evaluate("place => { location.hash = place }", place)
    return page


def at_desk(visitor: Visitor, stack: Stack, dataset: int, row: int = 0, key: str | None = None) -> Page:
    """The desk with its first frame painted."""
    page = enter(visitor, stack, f"#/tagging/{dataset}?row={row}", key)
    shows(page, row)
    return page


def shows(page: Page, row: int) -> None:
    """The frame of a row is on the page, each picture decoded and drawn."""
    for camera in range(CAMERAS):
        canvas = page.locator(f'canvas[data-row="{row + camera}"][data-state="ready"]')
        expect(canvas).to_be_visible(timeout=PATIENCE_MS)


def sign(page: Page) -> Locator:
    """What says whether all is sent and saved."""
    return page.locator(".tg-sync")


def history(client: httpx2.Client, dataset: int) -> list[dict[str, Any]]:
    """All changes, the first one first."""
    items = client.get(f"/api/tagging/v1/datasets/{dataset}/history", params={"limit": 1000}).json()["items"]
    return list(reversed(items))


def frames(*tags: str) -> list[str]:
    """What all cameras carry, frame by frame."""
    return [tag for tag in tags for _ in range(CAMERAS)]


def test_labels_by_keys_are_seen_at_once_and_end_in_the_csv(
    stack: Stack, visit: Visit, drive: Drive, client: httpx2.Client
) -> None:
    dataset = drive.open(client, name="By keys")
    page = at_desk(visit(), stack, dataset)
    pedestrian = page.get_by_role("button", name=re.compile("pedestrian"))
    page.keyboard.press("1")
    expect(pedestrian).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("3")
    expect(page.locator(".tg-pane .tg-chip")).to_have_text(["pedestrian", "rain"] * CAMERAS)
    page.keyboard.press("1")
    expect(pedestrian).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("ArrowRight")
    shows(page, 3)
    page.keyboard.press("c")  # the first camera alone
    page.keyboard.press("2")
    page.keyboard.press("Escape")
    page.keyboard.press("n")  # the two other cameras of this frame carry none yet: the next frame is next
    shows(page, 6)
    page.keyboard.press("1")
    page.keyboard.press("Control+z")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("f")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+Shift+z")
    page.keyboard.press("Control+z")
    wanted = [*frames("102"), "101", *[""] * (drive.rows - 4)]
    page.keyboard.press("s")
    expect(sign(page)).to_have_text(re.compile("^Saved "))
    assert tags_of(client, dataset) == wanted
    csv_path = Path(client.get(f"/api/tagging/v1/datasets/{dataset}").json()["csv_path"])
    assert saved_tags(csv_path) == wanted


def test_one_tag_a_picture_leads_on_by_itself(
    stack: Stack, visit: Visit, drive: Drive, client: httpx2.Client
) -> None:
    dataset = drive.open(client, multiple=False, name="One tag")
    page = at_desk(visit(), stack, dataset)
    for key in "12f31":
        page.keyboard.press(key)
    shows(page, 15)
    page.keyboard.press("n")  # everything from here on carries none, and this frame is passed
    expect(page.get_by_label(re.compile("jump to"))).to_have_value("7")
    page.keyboard.press("Home")
    shows(page, 0)
    page.keyboard.press("2")
    expect(sign(page)).to_have_text("5 changes not in the CSV")  # one "none" had nothing to take off
    assert tags_of(client, dataset)[:15] == frames("101", "101", "", "102", "100")
    page.get_by_label(re.compile("jump to")).fill("24")
    page.keyboard.press("Enter")
    shows(page, 69)
    wait_until(lambda: page.evaluate("location.hash").endswith("row=69"), lambda: page.url)
    page.reload()
    shows(page, 69)


def test_two_people_see_each_others_labels(
    stack: Stack, visit: Visit, drive: Drive, client: httpx2.Client
) -> None:
    dataset = drive.open(client, name="Together")
    made = client.post("/v1/keys", json={"name": "Grace", "scopes": ["read", "write"]}).json()
    ada = at_desk(visit(), stack, dataset)
    grace = at_desk(visit(), stack, dataset, key=made["key"])
    ada.keyboard.press("1")
    expect(grace.locator(".tg-pane .tg-chip")).to_have_text(["pedestrian"] * CAMERAS)
    grace.keyboard.press("2")
    expect(ada.locator(".tg-pane .tg-chip")).to_have_text(["pedestrian", "cyclist"] * CAMERAS)
    ada.keyboard.press("Control+z")
    expect(grace.locator(".tg-pane .tg-chip")).to_have_text(["cyclist"] * CAMERAS)
    for page, key, times in ((ada, "1", 8), (grace, "3", 8)):
        for _ in range(times):
            page.keyboard.press("ArrowRight")
            page.keyboard.press(key)
    for page in (ada, grace):
        expect(page.locator(".tg-pane .tg-chip")).to_have_text(["pedestrian", "rain"] * CAMERAS)
    assert tags_of(client, dataset)[: 9 * CAMERAS] == frames("101", *["100+102"] * 8)
    assert {entry["by"] for entry in history(client, dataset)} == {"admin", "Grace"}


def test_nothing_is_lost_while_the_service_is_away(
    stack: Stack, visit: Visit, drive: Drive, client: httpx2.Client
) -> None:
    dataset = drive.open(client, multiple=False, name="Away")
    visitor = visit()
    page = at_desk(visitor, stack, dataset)
    page.keyboard.press("1")
    expect(sign(page)).to_have_text("1 change not in the CSV")
    killed = stack.kill("tagging")
    for key in "23f12":
        page.keyboard.press(key)
    expect(page.get_by_label(re.compile("jump to"))).to_have_value("7")
    page.reload()  # what is unsent outlives the page
    stack.wait_until_back("tagging", killed)
    with page.expect_response(re.compile(rf"/datasets/{dataset}$"), timeout=20_000):
        page.goto(f"{stack.gateway_url}/#/tagging/{dataset}?row=0")
        page.reload()
    shows(page, 0)
    wait_until(
        lambda: tags_of(client, dataset)[: 6 * CAMERAS] == frames("100", "101", "102", "", "100", "101"),
        lambda: f"{tags_of(client, dataset)}",
    )
    # The service saves what it finds unsaved when it starts.
    expect(sign(page)).to_have_text(re.compile(r"changes? not in the CSV$|^Saved "), timeout=PATIENCE_MS)
    rows = [entry["first_row"] for entry in history(client, dataset)]
    assert rows == [0, 3, 6, 12, 15]
    assert page.evaluate("Object.keys(localStorage).filter(name => name.includes('outbox'))") == []
    for status in (502, 503, 504):
        visitor.forgive(status)


def test_labels_made_without_a_line_are_kept_and_said_to_be(
    stack: Stack, visit: Visit, drive: Drive, client: httpx2.Client
) -> None:
    dataset = drive.open(client, name="No line")
    visitor = visit()
    page = at_desk(visitor, stack, dataset)
    visitor.context.set_offline(True)
    page.wait_for_function("() => !navigator.onLine")
    page.keyboard.press("1")
    page.keyboard.press("2")
    expect(sign(page)).to_have_text("Offline: 2 labels kept here")
    assert tags_of(client, dataset)[0] == ""
    visitor.context.set_offline(False)
    expect(sign(page)).to_have_text("2 changes not in the CSV")
    assert tags_of(client, dataset)[:4] == [*frames("100+101"), ""]
    visitor.errors = [error for error in visitor.errors if "ERR_INTERNET_DISCONNECTED" not in error]


def test_labels_left_unsent_go_out_under_the_key_that_they_were_made_with(
    stack: Stack, visit: Visit, drive: Drive, client: httpx2.Client
) -> None:
    """One signs in after the other in a browser, the second time in another tab."""
    dataset = drive.open(client, name="Two people")
    grace = client.post("/v1/keys", json={"name": "Grace", "scopes": ["read", "write"]}).json()["key"]
    visitor = visit()
    page = at_desk(visitor, stack, dataset)
    labels = re.compile(rf"/datasets/{dataset}/(rows/\d+/tags|tag)$")
    visitor.context.route(labels, lambda route: route.abort())
    page.keyboard.press("1")
    expect(sign(page)).to_have_text(re.compile("kept here$"))
    other = visitor.context.new_page()
    other.goto(f"{stack.gateway_url}/#key={grace}")
    expect(sign(page)).to_have_text("Nothing to save")  # hers
    shows(page, 0)
    visitor.context.unroute(labels)
    page.keyboard.press("ArrowRight")
    shows(page, CAMERAS)
    page.keyboard.press("2")
    expect(sign(page)).to_have_text("1 change not in the CSV")
    sign(page).click()
    expect(
        page.get_by_text("Labels of admin wait in this browser until they sign in here again.")
    ).to_be_visible()
    page.keyboard.press("Escape")
    assert [(entry["first_row"], entry["by"]) for entry in history(client, dataset)] == [(CAMERAS, "Grace")]
    other.goto(f"{stack.gateway_url}/?again#key={stack.key}")
    wait_until(lambda: len(history(client, dataset)) == 2)
    assert [(entry["first_row"], entry["by"]) for entry in history(client, dataset)][1] == (0, "admin")
    other.close()
    visitor.errors = [error for error in visitor.errors if "ERR_FAILED" not in error]


def test_who_may_only_look_labels_nothing(
    stack: Stack, visit: Visit, drive: Drive, client: httpx2.Client
) -> None:
    dataset = drive.open(client, name="To look at")
    reader = client.post("/v1/keys", json={"name": "Reader", "scopes": ["read"]}).json()["key"]
    page = at_desk(visit(), stack, dataset, key=reader)
    page.keyboard.press("1")
    expect(page.get_by_text("Your key is for looking only.")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("pedestrian"))).to_be_disabled()
    expect(sign(page)).to_have_text("Nothing to save")
    assert findings(page) == []
    assert history(client, dataset) == []


def test_the_grid_labels_many_and_filters_find_them(
    stack: Stack, visit: Visit, drive: Drive, client: httpx2.Client
) -> None:
    dataset = drive.open(client, name="Grid")
    page = enter(visit(), stack, f"#/tagging/{dataset}/grid")
    tiles = page.locator(".tg-tile")
    tiles.nth(0).click()
    tiles.nth(5).click(modifiers=["Shift"])
    expect(page.get_by_text("6 selected")).to_be_visible()
    page.keyboard.press("2")
    expect(page.locator(".tg-tile .tg-chip")).to_have_count(6)
    page.get_by_role("button", name="Filter").click()
    page.get_by_label("With tag", exact=True).select_option(label="With cyclist")
    expect(page.get_by_text("6 pictures in 2 frames")).to_be_visible()
    expect(tiles).to_have_count(6)
    tiles.first.focus()
    page.keyboard.press("Control+a")
    page.keyboard.press("3")
    expect(page.locator(".tg-tile .tg-chip")).to_have_count(12)
    page.keyboard.press("g")
    shows(page, 0)
    page.keyboard.press("ArrowRight")
    shows(page, 3)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("match 2 of 2")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    expect(page.get_by_label("With tag", exact=True)).to_be_hidden()
    wait_until(
        lambda: tags_of(client, dataset) == [*["101+102"] * 6, *[""] * (drive.rows - 6)],
        lambda: f"{tags_of(client, dataset)}",
    )


def test_a_csv_is_imported_and_a_conflict_resolved_in_the_page(
    stack: Stack, visit: Visit, drive: Drive
) -> None:
    visitor = visit()
    page = enter(visitor, stack, "#/tagging/new")
    page.get_by_label(re.compile("^Data CSV")).set_input_files(drive.folder / "drive.csv")
    page.get_by_label("Metadata CSV").set_input_files(drive.folder / "meta.csv")
    page.get_by_label(re.compile("^Name")).fill("Imported here")
    page.get_by_text("Saving and encoding").click()
    (drive.folder / "imported").mkdir()
    page.get_by_label(re.compile("^Save to")).fill(str(drive.folder / "imported"))
    page.get_by_role("button", name="Make the dataset").click()
    shows(page, 0)
    page.keyboard.press("1")
    page.keyboard.press("s")
    expect(sign(page)).to_have_text(re.compile("^Saved "))
    dataset = int(re.search(r"tagging/(\d+)", page.url)[1])  # type: ignore[index]
    with stack.client() as client:
        path = Path(client.get(f"/api/tagging/v1/datasets/{dataset}").json()["csv_path"])
    lines = path.read_text().splitlines()
    path.write_text("\n".join([f"{lines[0]},note", *(f"{line},theirs" for line in lines[1:])]) + "\n")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("2")
    page.keyboard.press("s")
    dialog = page.get_by_role("dialog", name="Someone else changed the CSV")
    expect(dialog.get_by_label(re.compile("^Merge"))).to_be_checked()
    assert findings(page) == []
    dialog.get_by_role("button", name="Merge").click()
    expect(dialog).to_be_hidden()
    expect(sign(page)).to_have_text(re.compile("^Saved "))
    assert saved_tags(path)[:9] == frames("100", "", "101")
    assert path.read_text().splitlines()[1].endswith(",theirs")
    with page.expect_download() as download:
        page.get_by_role("button", name="More of this dataset").click()
        page.get_by_role("link", name="Export CSV").click()
    assert saved_tags(Path(download.value.path()))[:9] == frames("100", "", "101")
    visitor.forgive(409)


def test_everything_can_be_done_by_keyboard_alone(
    stack: Stack, visit: Visit, drive: Drive, client: httpx2.Client
) -> None:
    dataset = drive.open(client, name="Only keys")
    page = enter(visit(), stack, "#/")
    page.keyboard.press("Alt+2")
    expect(page.get_by_role("heading", name="Datasets")).to_be_visible()
    card = page.get_by_role("link", name=re.compile("^Only keys"))
    for _ in range(10):
        page.keyboard.press("Tab")
        if card.evaluate("element => element === document.activeElement"):
            break
    page.keyboard.press("Enter")
    shows(page, 0)
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys.get_by_text("pedestrian")).to_be_visible()
    page.keyboard.press("1")  # a key that labels does nothing behind the dialog
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    page.keyboard.press("g")
    page.locator('.tg-tile[tabindex="0"]').focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    expect(page.locator('.tg-tile[data-item="1"]')).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("3")
    page.keyboard.press("g")
    shows(page, 0)
    page.keyboard.press("j")
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    shows(page, 3)
    page.keyboard.press("1")
    page.keyboard.press("s")
    expect(sign(page)).to_have_text(re.compile("^Saved "))
    assert tags_of(client, dataset)[:7] == ["102", "102", "", *frames("100"), ""]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_shuts_anyone_out(
    stack: Stack, visit: Visit, drive: Drive, client: httpx2.Client, scheme: Any
) -> None:
    dataset = drive.open(client, name=f"Axe {scheme}")
    visitor = visit()
    page = at_desk(visitor, stack, dataset)
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.keyboard.press("1")
    found = {"desk": findings(page)}
    page.keyboard.press("?")
    found["help"] = findings(page)
    page.keyboard.press("Escape")
    for place in (
        f"tagging/{dataset}/grid?untagged=true",
        "tagging",
        "tagging/new",
        "keys",
        "images",
        "nowhere",
    ):
        page.evaluate("place => { location.hash = place }", f"#/{place}")
        expect(page.locator(".spinner")).to_have_count(0)
        found[place] = findings(page)
    assert {place: wrong for place, wrong in found.items() if wrong} == {}
