"""A real browser, where there is one; where not, the tests that need it are skipped and say so."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

from gateway.site import BUILT
from tests.stack import Stack

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# Without the last ones it calls its maker, which a machine without internet answers with errors.
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@dataclass
class Visitor:
    """Somebody with a browser of their own; what goes wrong in it is written down."""

    context: BrowserContext
    page: Page
    home: str
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Write down errors, and requests to other hosts, of a page."""
        page.on("console", self._note_message)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self._note_request)

    def forgive(self, status: int) -> None:
        """Drop what the browser itself says of answers with this status, which the test has provoked."""
        said = f"the server responded with a status of {status} "
        self.errors = [error for error in self.errors if said not in error]

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.errors.append(f"{message.text} at {message.location}")

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith((self.home, "data:", "blob:")):
            self.foreign.append(request.url)


@pytest.fixture(scope="module")  # while it runs, no other test can start a loop of its own
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    if not (BUILT / "docs").is_dir():
        pytest.skip("the page is not built: make run builds it")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def visit(browser: Browser, stack: Stack) -> Iterator[Callable[[], Visitor]]:
    """Opens browsers; none of them may have met an error or another host when the test is over."""
    visitors: list[Visitor] = []

    def open_one() -> Visitor:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(20_000)
        visitor = Visitor(context, context.new_page(), stack.gateway_url)
        visitor.watch(visitor.page)
        visitors.append(visitor)
        return visitor

    yield open_one
    for visitor in visitors:
        visitor.context.close()
    assert [error for visitor in visitors for error in visitor.errors] == []
    assert [url for visitor in visitors for url in visitor.foreign] == []
