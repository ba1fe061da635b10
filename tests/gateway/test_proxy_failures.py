"""What a client is told when a service, or the client itself, does not keep to the rules."""

import asyncio
import socket

import httpx2
import pytest

from demo.ports import free_port
from tests.gateway.raw import RawClient
from tests.gateway.rogue import Asked, Reader, RogueWith, Writer, answer, answering, read_chunked
from tests.gateway.serving import GatewayTo, wait_until


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_a_service_that_is_not_there(gateway_to: GatewayTo) -> None:
    gateway, key = gateway_to(f"http://127.0.0.1:{free_port()}")
    answered = httpx2.get(f"{gateway.url}/api/imagestore/x", headers=bearer(key))
    assert answered.status_code == 503
    assert answered.headers["content-type"] == "application/problem+json"
    assert answered.headers["retry-after"] == "1"
    assert answered.json()["code"] == "service_unavailable"
    assert answered.json()["request_id"] == answered.headers["x-request-id"]


def test_a_service_that_takes_no_connections_is_given_up_in_time(gateway_to: GatewayTo) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:  # the queue of connections is full, and nobody takes one out
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        gateway, key = gateway_to(f"http://127.0.0.1:{full.getsockname()[1]}", connect_seconds=0.3)
        answered = httpx2.get(f"{gateway.url}/api/imagestore/x", headers=bearer(key))
        for one in waiting:
            one.close()
    assert answered.status_code == 504
    assert answered.json()["code"] == "upstream_timeout"


def test_a_service_that_never_answers(rogue_with: RogueWith, gateway_to: GatewayTo) -> None:
    async def behave(asked: Asked, reader: Reader, writer: Writer) -> None:
        await asked.closed.wait()

    gateway, key = gateway_to(rogue_with(behave).url, read_seconds=0.4)
    answered = httpx2.get(f"{gateway.url}/api/imagestore/x", headers=bearer(key))
    assert answered.status_code == 504
    assert answered.json()["code"] == "upstream_timeout"


def test_a_service_that_falls_silent_in_mid_answer(rogue_with: RogueWith, gateway_to: GatewayTo) -> None:
    async def behave(asked: Asked, reader: Reader, writer: Writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        await writer.drain()
        await asyncio.sleep(10)

    gateway, key = gateway_to(rogue_with(behave).url, read_seconds=0.4)
    with pytest.raises(httpx2.RemoteProtocolError):
        httpx2.get(f"{gateway.url}/api/imagestore/x", headers=bearer(key))


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc",
    ],
)
def test_a_cut_answer_never_looks_whole(rogue_with: RogueWith, gateway_to: GatewayTo, raw: bytes) -> None:
    async def behave(asked: Asked, reader: Reader, writer: Writer) -> None:
        writer.write(raw)
        await writer.drain()
        writer.close()

    gateway, key = gateway_to(rogue_with(behave).url)
    with RawClient(gateway.port) as client:
        client.ask("GET", "/api/imagestore/x", key=key)
        assert client.read_head().status == 200
        with pytest.raises(httpx2.RemoteProtocolError):
            httpx2.get(f"{gateway.url}/api/imagestore/x", headers=bearer(key))
        rest = b""
        while data := client.socket.recv(1000):
            rest += data
    assert b"0\r\n\r\n" not in rest


def test_what_is_not_http_is_a_bad_gateway(rogue_with: RogueWith, gateway_to: GatewayTo) -> None:
    gateway, key = gateway_to(rogue_with(answering(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")).url)
    answered = httpx2.get(f"{gateway.url}/api/imagestore/x", headers=bearer(key))
    assert answered.status_code == 502
    assert answered.json()["code"] == "upstream_failed"


@pytest.mark.parametrize(
    ("method", "body", "status", "times"),
    [
        ("GET", None, 200, 2),
        ("HEAD", None, 200, 2),
        ("DELETE", None, 503, 1),
        ("POST", b"{}", 503, 1),
        ("POST", None, 503, 1),
        ("PUT", b"{}", 503, 1),
    ],
)
def test_only_safe_methods_are_sent_again(
    rogue_with: RogueWith, gateway_to: GatewayTo, method: str, body: bytes | None, status: int, times: int
) -> None:
    """A service closes a connection that it had kept open just when the next request comes on it."""
    tried = []

    async def behave(asked: Asked, reader: Reader, writer: Writer) -> None:
        if asked.target == "/first":
            writer.write(answer(b"ok"))
            return
        tried.append(asked.method)
        if len(tried) == 1:
            raise ConnectionError
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    gateway, key = gateway_to(rogue_with(behave).url)
    assert httpx2.get(f"{gateway.url}/api/imagestore/first", headers=bearer(key)).content == b"ok"
    answered = httpx2.request(method, f"{gateway.url}/api/imagestore/x", content=body, headers=bearer(key))
    assert answered.status_code == status
    assert len(tried) == times
    if status == 503:
        assert answered.json()["code"] == "service_cut"


def test_a_client_that_leaves_ends_the_work_for_it(rogue_with: RogueWith, gateway_to: GatewayTo) -> None:
    async def behave(asked: Asked, reader: Reader, writer: Writer) -> None:
        assert await reader.read(1) == b""  # waits until the other side has gone

    rogue = rogue_with(behave)
    gateway, key = gateway_to(rogue.url)
    with RawClient(gateway.port) as client:
        client.ask("GET", "/api/imagestore/x", key=key)
        wait_until(lambda: rogue.asked)
        assert not rogue.asked[0].closed.is_set()
    wait_until(rogue.asked[0].closed.is_set)


def test_a_client_that_leaves_in_mid_answer_ends_it(rogue_with: RogueWith, gateway_to: GatewayTo) -> None:
    async def behave(asked: Asked, reader: Reader, writer: Writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"3\r\nabc\r\n")
            await writer.drain()
            await asyncio.sleep(0.01)

    rogue = rogue_with(behave)
    gateway, key = gateway_to(rogue.url)
    with RawClient(gateway.port) as client:
        client.ask("GET", "/api/imagestore/x", key=key)
        assert client.read_head().status == 200
    wait_until(rogue.asked[0].closed.is_set)


def test_a_cut_upload_does_not_look_whole_to_the_service(
    rogue_with: RogueWith, gateway_to: GatewayTo
) -> None:
    got = []

    async def behave(asked: Asked, reader: Reader, writer: Writer) -> None:
        got.append(await read_chunked(reader))

    rogue = rogue_with(behave)
    gateway, key = gateway_to(rogue.url)
    with RawClient(gateway.port) as client:
        client.ask("PUT", "/api/imagestore/x", "Transfer-Encoding: chunked", key=key)
        client.send(b"3\r\nabc\r\n")
        wait_until(lambda: rogue.asked)
    wait_until(lambda: got)
    assert got == [(b"abc", False)]


def test_a_refusal_reaches_a_client_that_is_still_sending(
    rogue_with: RogueWith, gateway_to: GatewayTo
) -> None:
    async def behave(asked: Asked, reader: Reader, writer: Writer) -> None:
        await reader.readexactly(1000)
        writer.write(
            answer(b'{"code": "body_too_large"}', "Connection: close", status="413 Content Too Large")
        )
        await writer.drain()
        writer.close()

    gateway, key = gateway_to(rogue_with(behave).url)
    with RawClient(gateway.port) as client:
        client.ask("PUT", "/api/imagestore/x", f"Content-Length: {64 << 20}", key=key)
        client.send(b"x" * 5000)
        answered = client.read()
        assert (answered.status, answered.body) == (413, b'{"code": "body_too_large"}')
        client.send(b"x" * 5000)  # what was under way is taken, not met with a reset that eats the answer


def test_100_continue_comes_from_the_service(rogue_with: RogueWith, gateway_to: GatewayTo) -> None:
    go_on = asyncio.Event()

    async def behave(asked: Asked, reader: Reader, writer: Writer) -> None:
        assert asked.header("expect") == "100-continue"
        await go_on.wait()
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        writer.write(answer(await reader.readexactly(5)))

    rogue = rogue_with(behave)
    gateway, key = gateway_to(rogue.url)
    with RawClient(gateway.port) as client:
        client.ask("PUT", "/api/imagestore/x", "Content-Length: 5", "Expect: 100-continue", key=key)
        client.socket.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.read_head()  # nothing yet: the service has not asked for the body
        client.socket.settimeout(20.0)
        rogue._background.loop.call_soon_threadsafe(go_on.set)
        assert client.read().status == 100
        client.send(b"hello")
        assert client.read().body == b"hello"
        client.ask("GET", "/api/imagestore/x", key=key)  # the connection goes on


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_refusal_instead_of_100_asks_for_no_body(
    rogue_with: RogueWith, gateway_to: GatewayTo, method: str
) -> None:
    async def behave(asked: Asked, reader: Reader, writer: Writer) -> None:
        writer.write(answer(b"{}", status="413 Content Too Large"))

    gateway, key = gateway_to(rogue_with(behave).url)
    with RawClient(gateway.port) as client:
        client.ask(method, "/api/imagestore/x", "Content-Length: 5", "Expect: 100-continue", key=key)
        answered = client.read()
        assert answered.status == 413
        assert answered.headers["connection"] == "close"
        assert client.is_closed()


def test_the_key_is_checked_before_a_body_is_asked_for(rogue_with: RogueWith, gateway_to: GatewayTo) -> None:
    rogue = rogue_with(answering(answer(b"{}")))
    gateway, _ = gateway_to(rogue.url)
    for target in ("/api/imagestore/x", "/v1/keys"):
        with RawClient(gateway.port) as client:
            client.ask("POST", target, "Content-Length: 5", "Expect: 100-continue", key="dk_wrong")
            answered = client.read()
            assert answered.status == 401
            assert answered.headers["connection"] == "close"
            assert client.is_closed()
    assert rogue.asked == []


def test_a_body_where_a_100_was_sent_by_a_hasty_service(rogue_with: RogueWith, gateway_to: GatewayTo) -> None:
    async def behave(asked: Asked, reader: Reader, writer: Writer) -> None:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n")
        writer.write(answer(await reader.readexactly(5)))

    gateway, key = gateway_to(rogue_with(behave).url)
    answered = httpx2.put(f"{gateway.url}/api/imagestore/x", content=b"hello", headers=bearer(key))
    assert (answered.status_code, answered.content) == (200, b"hello")


def test_an_event_stream_may_be_silent_and_ends_when_the_gateway_does(
    rogue_with: RogueWith, gateway_to: GatewayTo
) -> None:
    async def behave(asked: Asked, reader: Reader, writer: Writer) -> None:
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        writer.write(b"3\r\n: a\r\n")
        await asyncio.sleep(1.0)  # more than twice the time between bytes that others get
        writer.write(b"3\r\n: b\r\n")
        await writer.drain()
        await asked.closed.wait()

    gateway, key = gateway_to(rogue_with(behave).url, read_seconds=0.4)
    with httpx2.stream("GET", f"{gateway.url}/api/imagestore/e", headers=bearer(key)) as answered:
        pieces = answered.iter_raw()
        assert next(pieces) + next(pieces) == b": a: b"
        gateway.begin_to_stop()
        assert list(pieces) == []  # a proper end, not a cut one
    gateway.join()


def test_a_header_that_is_not_utf8_is_refused(rogue_with: RogueWith, gateway_to: GatewayTo) -> None:
    rogue = rogue_with(answering(answer(b"{}")))
    gateway, key = gateway_to(rogue.url)
    with RawClient(gateway.port) as client:
        client.ask("GET", "/api/imagestore/x", "X-Name: caf\u00e9", key=key)
        answered = client.read()
    assert answered.status == 400
    assert b'"header_not_utf8"' in answered.body
