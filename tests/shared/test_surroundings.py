"""What surrounds every request: its id, the service token, health, figures, HEAD."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.shared.sample_app import AUTHORIZED, TOKEN, sample_app


def figures(client: TestClient) -> dict[str, float]:
    """The metrics, by name with labels."""
    lines = client.get("/metrics").text.splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if line[:1] != "#"}


def counted(route: str, method: str = "GET", status: int = 200) -> str:
    """The counter of one kind of request."""
    return f'http_requests_total{{method="{method}",route="{route}",status="{status}"}}'


@pytest.mark.parametrize("given", ["abc", "a.b_c-D9", "x" * 128])
def test_a_request_id_goes_through(tmp_path: Path, given: str) -> None:
    client = TestClient(sample_app(tmp_path), headers=AUTHORIZED)
    for path in ("/items/1", "/nowhere", "/healthz"):
        answer = client.get(path, headers={"X-Request-ID": given})
        assert answer.headers.get_list("x-request-id") == [given]


@pytest.mark.parametrize("given", [None, "", "x" * 129, "a b", "a\tb", "é", "a;b", '"'])
def test_one_is_made_for_who_brings_none_that_is_fit_for_logs(tmp_path: Path, given: str | None) -> None:
    client = TestClient(sample_app(tmp_path), headers=AUTHORIZED)
    headers = {} if given is None else {"X-Request-ID": given.encode("latin-1")}
    seen = {client.get("/items/1", headers=headers).headers["x-request-id"] for _ in range(3)}  # type: ignore[arg-type]
    assert len(seen) == 3
    assert all(len(word) == 16 and int(word, 16) >= 0 for word in seen)


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN + "x", TOKEN[:-1], "é"])
def test_only_who_has_the_service_token_is_served(tmp_path: Path, token: str | None) -> None:
    client = TestClient(sample_app(tmp_path))
    headers = {} if token is None else {"X-Darkroom-Service-Token": token.encode()}
    for method, path in (("GET", "/items/1"), ("POST", "/echo"), ("GET", "/nowhere"), ("GET", "/metrics")):
        answer = client.request(method, path, headers=headers)  # type: ignore[arg-type]
        assert answer.status_code == 401
        assert answer.json()["code"] == "service_token_required"
    for path in ("/healthz", "/readyz"):
        assert client.get(path, headers=headers).status_code == 200  # type: ignore[arg-type]


def test_without_a_token_in_the_settings_all_are_served(tmp_path: Path) -> None:
    assert TestClient(sample_app(tmp_path, service_token="")).get("/items/1").status_code == 200


def test_the_body_is_not_read_before_the_token_is_seen(tmp_path: Path) -> None:
    app = sample_app(tmp_path)
    sent: list[Any] = []

    async def receive() -> dict[str, object]:
        raise AssertionError("the body was asked for")

    async def send(message: object) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/echo", "headers": [], "query_string": b""}
    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 401


def test_head_is_get_without_the_body(tmp_path: Path) -> None:
    client = TestClient(sample_app(tmp_path), headers=AUTHORIZED)
    for path in ("/items/7", "/healthz", "/nowhere", "/openapi.json"):
        got, head = client.get(path), client.head(path)
        assert (head.status_code, head.content) == (got.status_code, b"")
        assert head.headers["content-type"] == got.headers["content-type"]
        if path != "/nowhere":
            assert head.headers["content-length"] == str(len(got.content))


def test_no_answer_may_be_sniffed(tmp_path: Path) -> None:
    client = TestClient(sample_app(tmp_path), headers=AUTHORIZED)
    for path in ("/items/7", "/nowhere", "/metrics", "/healthz"):
        assert client.get(path).headers.get_list("x-content-type-options") == ["nosniff"]


def test_prometheus_shows_the_token_as_a_bearer_and_for_figures_alone(tmp_path: Path) -> None:
    bearer = {"Authorization": f"Bearer {AUTHORIZED['X-Darkroom-Service-Token']}"}
    client = TestClient(sample_app(tmp_path))
    assert client.get("/metrics", headers=bearer).status_code == 200
    assert client.get("/metrics", headers={"Authorization": "Bearer x"}).status_code == 401
    assert client.get("/items/7", headers=bearer).status_code == 401


def test_figures_are_by_route_and_not_by_path(tmp_path: Path) -> None:
    app = sample_app(tmp_path)
    client = TestClient(app, headers=AUTHORIZED, raise_server_exceptions=False)
    for number in range(3):
        client.get(f"/items/{number}")
    client.get("/items/x")
    client.head("/items/1")
    client.get("/no/such/page")
    client.delete("/items/1")
    app.state.error = RuntimeError("crash")
    client.get("/raise")
    TestClient(app).get("/items/1")
    found = figures(client)
    assert found[counted("/items/{item}")] == 3
    assert found[counted("/items/{item}", status=422)] == 1
    assert found[counted("/items/{item}", "HEAD")] == 1
    assert found[counted("/raise", status=500)] == 1
    assert found[counted("unmatched", status=404)] == 1
    assert found[counted("unmatched", status=401)] == 1
    assert found['http_request_seconds_count{method="GET",route="/items/{item}"}'] == 4
    assert found["http_requests_under_way"] == 1
    assert not any("/no/such/page" in name or "/items/1" in name for name in found)


def test_readiness_tells_states_only_and_why_is_in_the_log(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async def good() -> None:
        pass

    async def bad() -> None:
        raise RuntimeError("the secret reason")

    app = sample_app(tmp_path, {"one": good, "two": bad})
    client = TestClient(app)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "not_ready", "checks": {"one": "ok", "two": "failed"}}
    assert "the secret reason" in "".join(capfd.readouterr())
    assert client.get("/healthz").json() == {"status": "ok"}


def test_readiness_goes_off_when_draining_begins(tmp_path: Path) -> None:
    app = sample_app(tmp_path)
    client = TestClient(app)
    assert client.get("/readyz").json() == {"status": "ready", "checks": {}}
    app.state.drain.start()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "not_ready")
    assert client.get("/healthz").status_code == 200
