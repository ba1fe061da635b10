"""Who may do what: each kind of credential against each kind of call, hosts and origins."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.origins import HostNotAllowed, Origins
from gateway.settings import GatewaySettings
from tests.gateway.raw import RawClient
from tests.gateway.rogue import Rogue, answer, answering
from tests.gateway.serving import Serving, admin_key, serve_gateway

CREDENTIALS = ("none", "wrong", "read", "write", "both", "admin")


@pytest.fixture(scope="module")
def rogue() -> Iterator[Rogue]:
    """One upstream that says yes to everything."""
    made = Rogue(answering(answer(b"{}")))
    yield made
    made.stop()


@pytest.fixture(scope="module")
def gateway(rogue: Rogue, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One gateway for the whole table."""
    folder = tmp_path_factory.mktemp("access")
    serving = serve_gateway(folder, service_urls={"imagestore": rogue.url, "processing": rogue.url})
    serving.folder = folder  # type: ignore[attr-defined]
    yield serving
    serving.stop()


@pytest.fixture(scope="module")
def keys(gateway: Serving) -> dict[str, str]:
    """A key for each kind of caller."""
    admin = admin_key(gateway.folder)  # type: ignore[attr-defined]
    made = {"wrong": "dk_wrong", "admin": admin}
    for name, scopes in {"read": ["read"], "write": ["write"], "both": ["read", "write"]}.items():
        given = {"name": name, "scopes": scopes}
        answered = httpx2.post(
            f"{gateway.url}/v1/keys", json=given, headers={"Authorization": f"Bearer {admin}"}
        )
        made[name] = answered.json()["key"]
    return made


# For each call: what none, wrong, read, write, both and admin get.
READS = (401, 401, 200, 403, 200, 200)
WRITES = (401, 401, 403, 200, 200, 200)
ADMINS = (401, 401, 403, 403, 403, 200)
OPEN = (200,) * 6
TABLE = [
    ("GET", "/api/imagestore/v1/images", READS),
    ("HEAD", "/api/imagestore/v1/images", READS),
    ("OPTIONS", "/api/imagestore/v1/images", READS),
    ("GET", "/api/imagestore/v1/events", (401, 401, 404, 403, 404, 404)),
    ("POST", "/api/imagestore/v1/images", WRITES),
    ("PUT", "/api/imagestore/v1/images/a", WRITES),
    ("PATCH", "/api/imagestore/v1/images/a", WRITES),
    ("DELETE", "/api/imagestore/v1/images/a", WRITES),
    ("POST", "/api/imagestore/v1/archives", READS),
    ("POST", "/api/imagestore/v1/archives/", WRITES),
    ("POST", "/api/processing/v1/process", READS),
    ("POST", "/api/processing/v1/archives", WRITES),
    ("GET", "/api/nothing/v1/x", (401, 401, 404, 403, 404, 404)),
    ("GET", "/api/imagestore/healthz", READS),
    ("GET", "/v1/keys", ADMINS),
    ("DELETE", "/v1/keys/12345", (401, 401, 403, 403, 403, 404)),
    ("GET", "/v1/nothing", (401, 401, 403, 403, 403, 404)),
    ("GET", "/v1/session", (401, 401, 200, 200, 200, 200)),
    ("GET", "/metrics", READS),
    ("GET", "/openapi.json", READS),
    ("GET", "/healthz", OPEN),
    ("GET", "/docs", OPEN),
    ("GET", "/", OPEN),
    ("GET", "/s/token", OPEN),
    ("POST", "/s/token/image.jpg", OPEN),
    ("DELETE", "/s/token", (405,) * 6),
    ("GET", "/nothing", (404,) * 6),
    ("GET", "/api", (404,) * 6),
]


@pytest.mark.parametrize(("method", "path", "expected"), TABLE)
def test_the_table(
    gateway: Serving, keys: dict[str, str], method: str, path: str, expected: tuple[int, ...]
) -> None:
    found = []
    for credential in CREDENTIALS:
        headers = {} if credential == "none" else {"Authorization": f"Bearer {keys[credential]}"}
        answered = httpx2.request(method, f"{gateway.url}{path}", headers=headers)
        found.append(answered.status_code)
        if answered.status_code >= 400 and method != "HEAD" and "events" not in path:
            problem = answered.json()
            assert answered.headers["content-type"] == "application/problem+json"
            assert problem["status"] == answered.status_code
            assert problem["code"]
        if answered.status_code == 401:
            assert answered.headers["www-authenticate"].startswith("Bearer")
    assert tuple(found) == expected


def test_a_scope_that_is_missing_is_named(gateway: Serving, keys: dict[str, str]) -> None:
    refused = httpx2.delete(
        f"{gateway.url}/api/imagestore/v1/images/a", headers={"Authorization": f"Bearer {keys['read']}"}
    )
    assert refused.json()["code"] == "scope_required"
    assert refused.json()["scope"] == "write"


def test_a_share_link_carries_nobody(gateway: Serving, rogue: Rogue, keys: dict[str, str]) -> None:
    headers = {"Authorization": f"Bearer {keys['admin']}", "X-Darkroom-Scopes": "admin"}
    assert httpx2.get(f"{gateway.url}/s/abc/x.jpg?width=100", headers=headers).status_code == 200
    asked = rogue.asked[-1]
    assert asked.target == "/s/abc/x.jpg?width=100"
    assert asked.all("x-darkroom-actor") == ["link"]
    assert asked.all("x-darkroom-scopes") == [""]


@pytest.mark.parametrize(
    "credential", ["Basic abc", "Bearer", "Bearer  x", "bearer  {read}", "BEARER {read}"]
)
def test_ways_to_write_authorization(gateway: Serving, keys: dict[str, str], credential: str) -> None:
    shown = credential.format(**keys)
    answered = httpx2.get(f"{gateway.url}/v1/session", headers={"Authorization": shown})
    assert answered.status_code == (200 if "dk_" in shown else 401)


def test_our_own_parts_may_read_the_figures(gateway: Serving) -> None:
    headers = {"X-Darkroom-Service-Token": "token-between-services"}
    figures = httpx2.get(f"{gateway.url}/metrics", headers=headers)
    assert figures.status_code == 200
    assert 'http_requests_total{method="GET",route="/api/imagestore",status="200"}' in figures.text
    assert "websockets 0.0" in figures.text
    bearer = {"Authorization": f"Bearer {headers['X-Darkroom-Service-Token']}"}
    assert httpx2.get(f"{gateway.url}/metrics", headers=bearer).status_code == 200
    assert httpx2.get(f"{gateway.url}/v1/keys", headers=bearer).status_code == 401
    assert httpx2.get(f"{gateway.url}/metrics", headers={"X-Darkroom-Service-Token": "x"}).status_code == 401
    assert httpx2.get(f"{gateway.url}/v1/keys", headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:8000", 200),
        ("127.0.0.1:1", 200),
        ("[::1]:8000", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("localhost:8000.evil.example", 421),
        ("evil.example:localhost", 421),
        ("localhost@evil.example", 421),
        ("10.0.0.1", 421),
        ("", 421),
    ],
)
@pytest.mark.parametrize("path", ["/api/imagestore/x", "/v1/session", "/", "/s/abc"])
def test_hosts(gateway: Serving, keys: dict[str, str], host: str, status: int, path: str) -> None:
    with RawClient(gateway.port) as client:
        client.ask("GET", path, key=keys["admin"], host=host)
        answered = client.read()
    assert answered.status == status
    if status == 421:
        assert b'"host_not_allowed"' in answered.body


def test_health_is_told_to_any_host(gateway: Serving) -> None:
    with RawClient(gateway.port) as client:
        client.ask("GET", "/healthz", host="some.probe")
        assert client.read().status == 200


@pytest.mark.parametrize(
    ("given", "host", "allowed"),
    [
        ({"host": "0.0.0.0"}, "192.168.1.7:8000", True),  # an address needs no name that could be rebound
        ({"host": "0.0.0.0"}, "evil.example", False),
        ({"host": "192.168.1.7"}, "192.168.1.7", True),
        ({"host": "192.168.1.7"}, "192.168.1.8", False),
        ({"allowed_hosts": "a.example, b.example"}, "b.example:81", True),
        ({"allowed_hosts": "a.example"}, "localhost", False),
        ({"host": "0.0.0.0", "allowed_hosts": "a.example"}, "192.168.1.7", False),
        ({"allowed_hosts": "*"}, "any.example", True),
        ({"public_url": "https://photos.example/"}, "photos.example", True),
    ],
)
def test_which_hosts_are_ours(tmp_path: Path, given: dict[str, Any], host: str, *, allowed: bool) -> None:
    origins = Origins(GatewaySettings(data_dir=tmp_path, **given))
    if allowed:
        origins.check_host(host)
        origins.check_host(host)
    else:
        with pytest.raises(HostNotAllowed):
            origins.check_host(host)


SAME = "http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {}, 200),
        ("DELETE", {}, 200),  # a program with a cookie; browsers always say where they are from
        ("DELETE", {"Origin": SAME}, 200),
        ("DELETE", {"Origin": "http://evil.example"}, 403),
        ("DELETE", {"Origin": "null"}, 403),
        ("DELETE", {"Origin": "https://127.0.0.1:{port}"}, 403),
        ("DELETE", {"Origin": "http://127.0.0.1"}, 403),
        ("GET", {"Origin": "http://evil.example"}, 403),
        ("DELETE", {"Sec-Fetch-Site": "cross-site"}, 403),
        ("DELETE", {"Sec-Fetch-Site": "same-site"}, 403),
        ("DELETE", {"Sec-Fetch-Site": "same-origin"}, 200),
        ("GET", {"Sec-Fetch-Site": "cross-site"}, 200),  # someone follows a link to us
    ],
)
def test_a_cookie_works_for_our_own_page_only(
    gateway: Serving, keys: dict[str, str], method: str, headers: dict[str, str], status: int
) -> None:
    signed_in = httpx2.post(f"{gateway.url}/v1/session", json={"key": keys["both"]})
    sent = {name: value.format(port=gateway.port) for name, value in headers.items()}
    sent["Cookie"] = signed_in.headers["set-cookie"].split(";")[0]
    answered = httpx2.request(method, f"{gateway.url}/api/imagestore/v1/images/a", headers=sent)
    assert answered.status_code == status
    if status == 403:
        assert answered.json()["code"] == "origin_not_allowed"


def test_a_foreign_page_cannot_sign_a_browser_in(gateway: Serving, keys: dict[str, str]) -> None:
    refused = httpx2.post(
        f"{gateway.url}/v1/session", json={"key": keys["read"]}, headers={"Origin": "http://evil.example"}
    )
    assert refused.status_code == 403
    assert "set-cookie" not in refused.headers


def test_a_key_needs_no_origin(gateway: Serving, keys: dict[str, str]) -> None:
    headers = {"Authorization": f"Bearer {keys['both']}", "Origin": "http://other.example"}
    answered = httpx2.delete(f"{gateway.url}/api/imagestore/x", headers=headers)
    assert answered.status_code == 200
    assert not [name for name in answered.headers if name.startswith("access-control")]


def test_other_origins_where_they_are_set(tmp_path: Path, rogue: Rogue) -> None:
    ours = "https://board.example"
    serving = serve_gateway(tmp_path, service_urls={"imagestore": rogue.url}, allowed_origins=ours)
    try:
        url = f"{serving.url}/api/imagestore/v1/images"
        asks = {"Origin": ours, "Access-Control-Request-Method": "PUT"}
        before = httpx2.options(url, headers=asks)
        assert before.status_code == 200
        assert before.headers["access-control-allow-origin"] == ours
        foreign = httpx2.options(url, headers={**asks, "Origin": "http://evil.example"})
        assert "access-control-allow-origin" not in foreign.headers
        headers = {"Authorization": f"Bearer {admin_key(tmp_path)}", "Origin": ours}
        assert httpx2.get(url, headers=headers).headers["access-control-allow-origin"] == ours
    finally:
        serving.stop()
