"""What passes the proxy of heads, in both directions."""

import httpx2
import pytest

from tests.gateway.raw import RawClient
from tests.gateway.rogue import RogueWith, answer, answering
from tests.gateway.serving import TOKEN, GatewayTo


def test_a_path_and_query_arrive_byte_for_byte(rogue_with: RogueWith, gateway_to: GatewayTo) -> None:
    rogue = rogue_with(answering(answer(b"{}")))
    gateway, key = gateway_to(rogue.url)
    target = "/v1/images/a%20b%C3%BC;x=1/~('!')?x=%2F&y=+&&z=a%00?b"
    with RawClient(gateway.port) as client:
        client.ask("GET", f"/api/imagestore{target}", key=key)
        assert client.read().status == 200
    assert rogue.asked[0].target == target


def test_the_root_of_a_service_and_an_empty_rest_are_its_root(
    rogue_with: RogueWith, gateway_to: GatewayTo
) -> None:
    rogue = rogue_with(answering(answer(b"{}")))
    gateway, key = gateway_to(rogue.url)
    with RawClient(gateway.port) as client:
        for target in ("/api/imagestore/", "/api/imagestore"):
            client.ask("GET", target, key=key)
            assert client.read().status == 200
    assert [asked.target for asked in rogue.asked] == ["/", "/"]


def test_what_a_client_may_not_claim_is_replaced_by_what_we_know(
    rogue_with: RogueWith, gateway_to: GatewayTo
) -> None:
    rogue = rogue_with(answering(answer(b"{}")))
    gateway, key = gateway_to(rogue.url)
    with RawClient(gateway.port) as client:
        client.ask(
            "GET",
            "/api/imagestore/v1/images",
            "Connection: keep-alive, X-Hop",
            "X-Hop: for the next hop only",
            "Keep-Alive: timeout=5",
            "TE: trailers",
            "Proxy-Authorization: Basic abc",
            "Forwarded: for=1.2.3.4",
            "X-Forwarded-For: 1.2.3.4",
            "X-Forwarded-Host: evil.example",
            "X-Darkroom-Service-Token: guessed",
            "X-Darkroom-Actor: root",
            "X-Darkroom-Scopes: admin",
            f"Cookie: a=1; {gateway.app.state.settings.cookie}=secret; b=2",
            "X-Request-ID: from-the-client.1",
            "Accept: text/html, */*",
            "X-Twice: one",
            "X-Twice: two",
            "User-Agent: t\u00fcst/1".encode().decode("latin-1"),
            key=key,
            host=f"localhost:{gateway.port}",
        )
        answered = client.read()
    assert answered.headers["x-request-id"] == "from-the-client.1"
    asked = rogue.asked[0]
    assert key not in asked.raw.decode("latin-1")
    assert b"secret" not in asked.raw
    gone_headers = ("connection", "x-hop", "keep-alive", "te", "proxy-authorization", "forwarded")
    for gone in (*gone_headers, "authorization"):
        assert asked.all(gone) == [], gone
    assert asked.all("host") == [f"127.0.0.1:{rogue.port}"]
    assert asked.all("x-forwarded-for") == ["127.0.0.1"]
    assert asked.all("x-forwarded-host") == [f"localhost:{gateway.port}"]
    assert asked.all("x-forwarded-proto") == ["http"]
    assert asked.all("x-forwarded-prefix") == ["/api/imagestore"]
    assert asked.all("x-darkroom-service-token") == [TOKEN]
    assert asked.all("x-darkroom-actor") == ["admin"]
    assert asked.all("x-darkroom-scopes") == ["read,write,admin"]
    assert asked.all("x-request-id") == ["from-the-client.1"]
    assert asked.all("cookie") == ["a=1; b=2"]
    assert asked.all("x-twice") == ["one", "two"]
    assert asked.all("accept") == ["text/html, */*"]
    assert asked.header("user-agent").encode("latin-1") == "t\u00fcst/1".encode()


def test_aiohttp_adds_nothing_of_its_own(rogue_with: RogueWith, gateway_to: GatewayTo) -> None:
    rogue = rogue_with(answering(answer(b"{}")))
    gateway, key = gateway_to(rogue.url)
    with RawClient(gateway.port) as client:
        client.ask("POST", "/api/imagestore/v1/images", "Content-Length: 2", key=key)
        client.send(b"{}")
        assert client.read().status == 200
    asked = rogue.asked[0]
    for name in ("accept", "accept-encoding", "user-agent", "content-type", "transfer-encoding"):
        assert asked.all(name) == [], name
    assert asked.all("content-length") == ["2"]


def test_a_public_address_is_what_services_are_told(rogue_with: RogueWith, gateway_to: GatewayTo) -> None:
    rogue = rogue_with(answering(answer(b"{}")))
    gateway, key = gateway_to(rogue.url, public_url="https://photos.example:8443")
    with RawClient(gateway.port) as client:
        client.ask("GET", "/api/imagestore/x", key=key, host="photos.example:8443")
        assert client.read().status == 200
    assert rogue.asked[0].all("x-forwarded-proto") == ["https"]
    assert rogue.asked[0].all("x-forwarded-host") == ["photos.example:8443"]


def test_an_answers_head_passes_without_what_is_of_one_hop(
    rogue_with: RogueWith, gateway_to: GatewayTo
) -> None:
    raw = answer(
        b"abc",
        "Connection: X-Hop",
        "X-Hop: 1",
        "Keep-Alive: timeout=5",
        "Set-Cookie: a=1",
        "Set-Cookie: b=2",
        'ETag: "x"',
        "Content-Encoding: gzip",
        "Content-Range: bytes 0-2/9",
        "Server: secret/1.0",
        status="206 Partial Content",
    )
    rogue = rogue_with(answering(raw))
    gateway, key = gateway_to(rogue.url)
    with RawClient(gateway.port) as client:
        client.ask("GET", "/api/imagestore/x", "Range: bytes=0-2", key=key)
        answered = client.read()
    assert (answered.status, answered.body) == (206, b"abc")
    assert rogue.asked[0].header("range") == "bytes=0-2"
    assert answered.headers["etag"] == '"x"'
    assert answered.headers["content-encoding"] == "gzip"  # and the body is as it came, not decoded
    assert answered.headers["content-range"] == "bytes 0-2/9"
    assert answered.headers["content-length"] == "3"
    assert not {"connection", "x-hop", "keep-alive", "server", "transfer-encoding"} & answered.headers.keys()
    headers = {"Authorization": f"Bearer {key}"}
    with httpx2.stream("GET", f"{gateway.url}/api/imagestore/x", headers=headers) as second:
        assert second.headers.get_list("set-cookie") == ["a=1", "b=2"]
        assert len(second.headers.get_list("date")) == 1


@pytest.mark.parametrize(
    ("method", "raw", "status", "length"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n", 200, "12345"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n", 204, None),
        ("GET", b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 9\r\n\r\n', 304, None),
        ("GET", b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", 302, "0"),
    ],
)
def test_answers_without_content_keep_the_connection(
    rogue_with: RogueWith, gateway_to: GatewayTo, method: str, raw: bytes, status: int, length: str | None
) -> None:
    rogue = rogue_with(answering(raw))
    gateway, key = gateway_to(rogue.url)
    with RawClient(gateway.port) as client:
        for _ in range(3):
            client.ask(method, "/api/imagestore/x", key=key)
            answered = client.read(no_body=True)
            assert answered.status == status
            assert answered.headers.get("content-length") == length
    assert len(rogue.asked) == 3  # a redirect is passed on, not followed


def test_connections_to_a_service_are_kept_and_used_again(
    rogue_with: RogueWith, gateway_to: GatewayTo
) -> None:
    rogue = rogue_with(answering(answer(b"{}")))
    gateway, key = gateway_to(rogue.url)
    headers = {"Authorization": f"Bearer {key}"}
    httpx2.get(f"{gateway.url}/api/imagestore/x", headers=headers)
    before = rogue.connections
    for _ in range(20):
        assert httpx2.get(f"{gateway.url}/api/imagestore/x", headers=headers).status_code == 200
    assert rogue.connections - before <= 2  # the hub comes by now and then


@pytest.mark.parametrize(
    "path",
    [
        "/api/imagestore/v1/a%2fb",
        "/api/imagestore/v1/a%2Fb",
        "/api/imagestore/v1/a%5cb",
        "/api/imagestore/v1/a\\b",
        "/api/imagestore/v1/..",
        "/api/imagestore/../processing/x",
        "/api/imagestore/v1/%2e%2e/x",
        "/api/imagestore/v1/.%2E/x",
        "/api/imagestore/v1/./x",
        "/api/imagestore/v1/a%00b",
        "/s/../v1/images",
        "/s/%2e%2e/v1/images",
        "/s/abc%2f..%2fv1",
    ],
)
def test_paths_that_can_be_read_in_two_ways_are_refused(
    rogue_with: RogueWith, gateway_to: GatewayTo, path: str
) -> None:
    rogue = rogue_with(answering(answer(b"{}")))
    gateway, key = gateway_to(rogue.url)
    with RawClient(gateway.port) as client:
        client.ask("GET", path, key=key)
        answered = client.read()
    assert answered.status == 400
    assert b'"path_not_plain"' in answered.body
    assert rogue.asked == []


def test_names_with_dots_are_no_dot_segments(rogue_with: RogueWith, gateway_to: GatewayTo) -> None:
    rogue = rogue_with(answering(answer(b"{}")))
    gateway, key = gateway_to(rogue.url)
    with RawClient(gateway.port) as client:
        client.ask("GET", "/api/imagestore/v1/images/..a..b.jpg", key=key)
        assert client.read().status == 200


def test_an_unknown_service_is_404_and_names_those_that_are(
    rogue_with: RogueWith, gateway_to: GatewayTo
) -> None:
    rogue = rogue_with(answering(answer(b"{}")))
    gateway, key = gateway_to(rogue.url)
    answered = httpx2.get(f"{gateway.url}/api/nothing/v1/x", headers={"Authorization": f"Bearer {key}"})
    assert answered.status_code == 404
    assert answered.json()["code"] == "unknown_service"
    assert "imagestore" in answered.json()["detail"]
