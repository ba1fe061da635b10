"""From the page on one device to the page on another: a QR code is read, and signs it in once."""

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from gateway.reach import own_addresses
from tests.gateway.serving import Serving, admin_key, serve_gateway
from tests.journeys.axe import findings
from tests.journeys.conftest import Visitor

ServeTo = Callable[[str], Serving]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[ServeTo]:
    """Starts a gateway without services on a host's addresses."""
    started: list[Serving] = []

    def start(host: str) -> Serving:
        started.append(serve_gateway(tmp_path, host=host, announce=False))
        return started[-1]

    yield start
    for one in started:
        one.stop()


def visitor(browser: Browser, home: str, width: int, height: int) -> Visitor:
    """Somebody with a screen of that size."""
    context = browser.new_context(viewport={"width": width, "height": height})
    context.set_default_timeout(20_000)
    made = Visitor(context, context.new_page(), home)
    made.watch(made.page)
    return made


def open_dialog(page: Page) -> None:
    """By the menu."""
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Open on another device").click()
    expect(page.get_by_role("dialog", name="Open on another device")).to_be_visible()


def scanned(page: Page) -> str:
    """What a camera reads on the screen."""
    picture = page.get_by_role("img", name="QR code").screenshot(scale="device")
    pixels = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    text, _, _ = cv2.QRCodeDetector().detectAndDecode(pixels)
    return text


def test_a_phone_is_let_in_by_a_qr_code_once(browser: Browser, serve: ServeTo, tmp_path: Path) -> None:
    addresses = own_addresses("0.0.0.0")
    if not addresses:
        pytest.skip("this machine has no network: there is no address to open from elsewhere")
    gateway = serve("0.0.0.0")
    desk = visitor(browser, gateway.url, 1280, 900)
    desk.page.goto(f"{gateway.url}/#key={admin_key(tmp_path)}")
    open_dialog(desk.page)
    home = f"http://{addresses[0]}:{gateway.port}"
    assert scanned(desk.page) == home
    assert findings(desk.page) == []
    desk.page.get_by_label("The device may").select_option("write")
    desk.page.get_by_role("button", name="Sign it in, too").click()
    expect(desk.page.get_by_text("is signed in as admin, to look and work")).to_be_visible()
    link = scanned(desk.page)
    assert link.startswith(f"{home}/#key=dc_")
    assert findings(desk.page) == []

    phone, late = (visitor(browser, home, 390, 844) for _ in range(2))
    phone.page.goto(link)
    phone.page.get_by_role("button", name="More").click()
    expect(phone.page.get_by_text("Signed in as admin")).to_be_visible()
    expect(phone.page.get_by_role("link", name="Keys and people")).to_have_count(0)
    assert phone.page.url == f"{home}/"
    late.page.goto(link)
    expect(late.page.get_by_role("alert")).to_contain_text("was used already")
    late.forgive(401)

    desk.page.keyboard.press("Escape")
    desk.page.goto(f"{gateway.url}/#/keys")
    device = desk.page.get_by_role("row").filter(has_text="another device")
    expect(device).to_have_count(1)
    device.get_by_role("button", name="Revoke").click()
    desk.page.get_by_role("button", name="Revoke it").click()
    expect(phone.page.get_by_text("Your session has ended; sign in again.")).to_be_visible()
    phone.forgive(401)
    for one in (desk, phone, late):
        assert (one.errors, one.foreign) == ([], [])
        one.context.close()


def test_on_loopback_the_page_says_how_others_come_in(
    browser: Browser, serve: ServeTo, tmp_path: Path
) -> None:
    gateway = serve("127.0.0.1")
    desk = visitor(browser, gateway.url, 390, 844)
    desk.page.goto(f"{gateway.url}/#key={admin_key(tmp_path)}")
    open_dialog(desk.page)
    expect(desk.page.get_by_label("Line for .env")).to_have_value("DARKROOM_GATEWAY_HOST=0.0.0.0")
    expect(desk.page.get_by_role("img", name="QR code")).to_have_count(0)
    assert findings(desk.page) == []
    assert (desk.errors, desk.foreign) == ([], [])
    desk.context.close()
