"""The page's files and /docs: what a browser is told of them, and Swagger UI in a real one."""

import gzip
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from playwright.sync_api import Page, sync_playwright
from starlette.testclient import TestClient

from gateway.site import BUILT, add_site
from tests.gateway.event_service import ServeEvents
from tests.gateway.serving import GatewayTo, Serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def test_docs_lie_on_our_own_server_and_run_nothing_inline(gateway_to: GatewayTo) -> None:
    gateway, _ = gateway_to("http://127.0.0.1:1")
    page = httpx2.get(f"{gateway.url}/docs")
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert re.findall(r"<script(?![^>]* src=)", page.text) == []
    for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert address.startswith("/"), address  # nothing from elsewhere
    for name in ("docs.js", "docs.css"):
        assert httpx2.get(f"{gateway.url}/docs/{name}").status_code == 200
    listed = httpx2.get(f"{gateway.url}/docs/documents.json").json()
    assert listed == [
        {"name": "all of Darkroom", "url": "/openapi.json"},
        {"name": "imagestore", "url": "/api/imagestore/openapi.json"},
    ]


def site(built: Path) -> TestClient:
    app = FastAPI()
    add_site(app, built)
    return TestClient(app)


def test_the_built_page_is_asked_for_each_time_and_its_parts_never_again(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "index-abc.js").write_text("1;")
    (tmp_path / "index.html").write_text("<p>built</p>")
    (tmp_path / "icon.svg").write_text("<svg/>")
    with site(tmp_path) as client:
        page = client.get("/")
        assert page.text == "<p>built</p>"
        assert page.headers["cache-control"] == "no-cache"
        assert "script-src 'self'" in page.headers["content-security-policy"]
        assert "unsafe" not in page.headers["content-security-policy"]
        part = client.get("/assets/index-abc.js")
        assert part.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert part.headers["content-type"].startswith("text/javascript")
        assert client.get("/icon.svg").headers["cache-control"] == "no-cache"
        again = client.get("/", headers={"If-None-Match": page.headers["etag"]})
        assert again.status_code == 304
        for path in ("/../pyproject.toml", "/%2e%2e/pyproject.toml", "/assets", "/missing.js"):
            assert client.get(path).status_code == 404, path


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("br;q=0, GZIP;q=0.5", "gzip"),
        ("*;q=0.1", "br"),
        ("br;q=0, *", "gzip"),
        ("br;q=none, gzip; q=0", None),
        ("identity", None),
    ],
)
def test_a_browser_gets_what_it_can_unpack(tmp_path: Path, accepted: str, coding: str | None) -> None:
    forms = {None: (b"plain", ""), "br": (b"brotli", ".br"), "gzip": (b"gzip", ".gz")}
    (tmp_path / "assets").mkdir()
    for content, ending in forms.values():
        (tmp_path / "assets" / f"a.js{ending}").write_bytes(content)
    with site(tmp_path) as client:
        with client.stream("GET", "/assets/a.js", headers={"Accept-Encoding": accepted}) as answer:
            raw = b"".join(answer.iter_raw())
        assert raw == forms[coding][0]
        assert answer.headers.get("content-encoding") == coding
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.headers["content-type"].startswith("text/javascript")
        assert answer.headers["content-length"] == str(len(raw))
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        fresh = {"Accept-Encoding": accepted, "If-None-Match": answer.headers["etag"]}
        assert client.get("/assets/a.js", headers=fresh).status_code == 304
        other = {**fresh, "Accept-Encoding": "gzip" if coding != "gzip" else "identity"}
        with client.stream("GET", "/assets/a.js", headers=other) as answer:
            assert answer.status_code == 200  # each form has an ETag of its own
        assert client.get("/assets/a.js.br").status_code == 404


def test_what_was_built_unpacks_to_what_it_is() -> None:
    if not (BUILT / "index.html.gz").is_file():
        pytest.skip("the page is not built: make run builds it")
    packed = sorted(BUILT.rglob("*.gz"))
    assert any(path.name.startswith("index-") for path in packed)
    for path in packed:
        assert gzip.decompress(path.read_bytes()) == path.with_suffix("").read_bytes(), path
        assert path.with_suffix(".br").stat().st_size < path.stat().st_size


@pytest.mark.parametrize(
    ("host", "secure", "sent"),
    [
        ("localhost:8000", False, True),
        ("127.0.0.1", False, True),
        ("[::1]:8000", False, True),
        ("darkroom.local:8000", False, False),
        ("192.0.2.7", False, False),
        ("pictures.example", True, True),
    ],
)
def test_pages_are_kept_apart_where_browsers_take_the_wish(
    tmp_path: Path, host: str, secure: bool, sent: bool
) -> None:
    (tmp_path / "index.html").write_text("<p>built</p>")
    app = FastAPI()
    add_site(app, tmp_path, secure=secure)
    with TestClient(app) as client:
        answer = client.get("/", headers={"Host": host})
    assert (answer.headers.get("cross-origin-opener-policy") == "same-origin") is sent


def test_a_page_that_is_not_built_says_how(tmp_path: Path) -> None:
    with site(tmp_path / "nothing") as client:
        page = client.get("/")
        assert page.status_code == 200
        assert "npm run build" in page.text
        assert client.get("/icon.svg").status_code == 404
        (tmp_path / "nothing").mkdir()
        (tmp_path / "nothing" / "index.html").write_text("<p>built meanwhile</p>")
        assert client.get("/").text == "<p>built meanwhile</p>"


@pytest.fixture
def browser_page() -> Iterator[Page]:
    """A page of the system's Chromium."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_page()
        browser.close()


@pytest.mark.skipif(not (BUILT / "docs").is_dir(), reason="the page is not built: make run builds it")
def test_trying_a_call_out_in_swagger_ui(
    serve_events: ServeEvents, gateway_to: GatewayTo, browser_page: Page
) -> None:
    gateway, key = gateway_to(serve_events().url)
    open_signed_in(browser_page, gateway, key)
    errors: list[str] = []
    foreign: list[str] = []
    browser_page.on(
        "console", lambda message: errors.append(message.text) if message.type == "error" else None
    )
    browser_page.on("pageerror", lambda error: errors.append(str(error)))
    browser_page.on(
        "request",
        lambda request: None if request.url.startswith(gateway.url) else foreign.append(request.url),
    )
    browser_page.goto(f"{gateway.url}/docs")
    browser_page.get_by_text("Make a key; it is shown this once").wait_for()
    choose(browser_page, "imagestore")
    call = browser_page.locator(".opblock", has_text="/v1/now")
    call.click()
    call.get_by_role("button", name="Try it out").click()
    call.get_by_role("button", name="Execute").click()
    answered = call.locator(".live-responses-table tbody .response-col_status").first
    answered.wait_for()
    assert answered.inner_text().strip().startswith("200")
    assert f"{gateway.url}/api/imagestore/v1/now" in call.locator(".request-url").inner_text()
    assert [url for url in foreign if not url.startswith(("data:", "blob:"))] == []
    assert errors == []


@pytest.mark.skipif(not (BUILT / "docs").is_dir(), reason="the page is not built: make run builds it")
def test_docs_send_a_stranger_to_sign_in(gateway_to: GatewayTo, browser_page: Page) -> None:
    gateway, _ = gateway_to("http://127.0.0.1:1")
    browser_page.goto(f"{gateway.url}/docs")
    browser_page.get_by_text("Nobody is signed in here").wait_for()


def open_signed_in(page: Page, gateway: Serving, key: str) -> None:
    """What the user interface does with the key in the address."""
    page.goto(f"{gateway.url}/docs")  # any page of ours that has an icon
    status = page.evaluate(
        "key => fetch('/v1/session', {method: 'POST', headers: {'Content-Type': 'application/json'},"
        " body: JSON.stringify({key})}).then(answer => answer.status)",
        key,
    )
    assert status == 201


def choose(page: Page, name: str) -> None:
    """Pick a document from the list at the top."""
    page.locator(".topbar select").select_option(label=name)
