"""Connections that stall, on real sockets with short deadlines: they are closed, and others are served."""

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from tests.gateway.serving import Serving, wait_until
from tests.shared.sample_app import AUTHORIZED, TOKEN, Serve, sample_app

HEAD = f"Host: x\r\nX-Darkroom-Service-Token: {TOKEN}\r\n"
PATIENCE = 15.0  # a test that waits longer has found a connection that nobody closes
LARGE = 30_000_000


def prepared(app: FastAPI) -> FastAPI:
    """The sample app with a large answer, and a route that answers before it has read the body."""

    @app.get("/large")
    async def large() -> Response:
        return Response(b"x" * LARGE)

    @app.post("/early")
    async def early(_request: Request) -> Response:
        return Response("enough", 413)

    return app


@pytest.fixture
def server(serve: Serve, tmp_path: Path) -> Serving:
    """Deadlines of half a second and one; they are looked at once a second."""
    return serve(prepared(sample_app(tmp_path, header_seconds=0.5, body_idle_seconds=1.0, max_connections=8)))


@pytest.fixture
def connect(server: Serving) -> Iterator[Callable[[], socket.socket]]:
    """Opens connections to the server."""
    made: list[socket.socket] = []

    def open_one(receive_buffer: int | None = None) -> socket.socket:
        one = socket.socket()
        if receive_buffer:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        one.settimeout(PATIENCE)
        one.connect(("127.0.0.1", server.port))
        made.append(one)
        return one

    yield open_one
    for one in made:
        one.close()


Connect = Callable[..., socket.socket]


def read_to_the_end(one: socket.socket) -> bytes:
    """All bytes until the server closes. Raises TimeoutError when it does not."""
    found = b""
    try:
        while piece := one.recv(65536):
            found += piece
    except ConnectionResetError:
        pass
    return found


def served(server: Serving) -> bool:
    """Whether others are served."""
    return httpx2.get(f"{server.url}/items/1", headers=AUTHORIZED).status_code == 200


@pytest.mark.parametrize(
    "sent", [b"", b"GET", b"GET /items/1 HTTP/1.1\r\nHost: x\r\n", b"GET /items/1 HTTP/1.1\r\nX: "]
)
def test_a_head_that_does_not_end(server: Serving, connect: Connect, sent: bytes) -> None:
    one = connect()
    one.sendall(sent)
    assert served(server)
    assert read_to_the_end(one) == b""


def test_a_head_that_comes_byte_by_byte_has_one_deadline(connect: Connect) -> None:
    one = connect()
    one.settimeout(0.2)
    head = b"GET /items/1 HTTP/1.1\r\nX-Long: " + b"x" * 100
    for byte in head[: int(PATIENCE / 0.2)]:
        try:
            one.sendall(bytes([byte]))
            if one.recv(65536) == b"":
                return
        except TimeoutError:
            continue
        except OSError:
            return
    raise AssertionError("it was never closed")


@pytest.mark.parametrize("body", [b"", b'{"cou'])
def test_a_body_that_does_not_end(server: Serving, connect: Connect, body: bytes) -> None:
    one = connect()
    one.sendall(
        f"POST /echo HTTP/1.1\r\n{HEAD}Content-Type: application/json\r\nContent-Length: 12\r\n\r\n".encode()
        + body
    )
    assert served(server)
    assert b"200 OK" not in read_to_the_end(one)


def test_a_slow_body_that_goes_on_is_taken(connect: Connect) -> None:
    one = connect()
    body = json.dumps({"count": 1}).encode()
    typed = f"{HEAD}Content-Type: application/json\r\n"
    one.sendall(f"POST /echo HTTP/1.1\r\n{typed}Content-Length: {len(body)}\r\n\r\n".encode())
    one.settimeout(0.25)
    for byte in body:  # 12 bytes, a quarter of a second apart: longer than the deadline in all
        one.sendall(bytes([byte]))
        try:
            one.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            continue
    one.settimeout(PATIENCE)
    assert one.recv(65536).startswith(b"HTTP/1.1 200 OK")


def test_a_reader_that_stops_reading(server: Serving, connect: Connect) -> None:
    one = connect(4096)
    one.sendall(f"GET /large HTTP/1.1\r\n{HEAD}\r\n".encode())
    assert one.recv(1000).startswith(b"HTTP/1.1 200 OK")
    wait_for_fewer(server, 0)
    assert len(read_to_the_end(one)) < LARGE


def test_a_slow_reader_that_goes_on_gets_all(connect: Connect) -> None:
    one = connect()
    one.sendall(f"GET /large HTTP/1.1\r\n{HEAD}Connection: close\r\n\r\n".encode())
    assert len(read_to_the_end(one).partition(b"\r\n\r\n")[2]) == LARGE


def test_an_answer_before_the_body_arrives_and_the_rest_does_not_linger(
    server: Serving, connect: Connect
) -> None:
    one = connect()
    one.sendall(f"POST /early HTTP/1.1\r\n{HEAD}Content-Length: 1000000\r\n\r\n".encode() + b"x" * 1000)
    assert one.recv(65536).startswith(b"HTTP/1.1 413")
    assert read_to_the_end(one) is not None
    assert served(server)


def test_one_who_sends_on_after_an_early_answer_still_reads_it(connect: Connect) -> None:
    """Closing at once would reset the connection, and the answer with it."""
    one = connect()
    one.sendall(f"POST /early HTTP/1.1\r\n{HEAD}Content-Length: 3000000\r\n\r\n".encode())
    one.sendall(b"x" * 3_000_000)
    one.sendall(f"GET /items/5 HTTP/1.1\r\n{HEAD}Connection: close\r\n\r\n".encode())
    found = read_to_the_end(one)
    assert found.startswith(b"HTTP/1.1 413")
    assert b'{"item":5,"limit":1}' in found


def test_a_kept_connection_has_a_new_deadline_for_each_head(connect: Connect) -> None:
    one = connect()
    for _ in range(3):
        one.sendall(f"GET /items/5 HTTP/1.1\r\n{HEAD}\r\n".encode())
        assert b"200 OK" in one.recv(65536)
    one.sendall(b"GET /it")
    assert read_to_the_end(one) == b""


def test_over_the_limit_only_health_is_served(server: Serving, connect: Connect) -> None:
    held = [connect() for _ in range(8)]
    for one in held:
        one.sendall(f"GET /items/1 HTTP/1.1\r\n{HEAD}\r\n".encode())
        assert one.recv(65536).startswith(b"HTTP/1.1 200")
    refused = httpx2.get(f"{server.url}/items/1", headers=AUTHORIZED)
    assert (refused.status_code, refused.json()["code"]) == (503, "too_many_connections")
    assert (refused.headers["retry-after"], refused.headers["connection"]) == ("2", "close")
    assert httpx2.get(f"{server.url}/healthz").status_code == 200
    assert httpx2.get(f"{server.url}/readyz").status_code == 200
    for one in held[:2]:
        one.close()
    wait_for_fewer(server, 7)
    assert served(server)


def wait_for_fewer(server: Serving, count: int) -> None:
    """Return when the server holds at most so many connections."""
    state: Any = server._server.server_state
    wait_until(lambda: len(state.connections) <= count)


@pytest.mark.parametrize(
    "sent", [b"\x16\x03\x01\x02\x00\x01", b"nonsense\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x00" * 100]
)
def test_what_is_not_http(server: Serving, connect: Connect, sent: bytes) -> None:
    one = connect()
    one.sendall(sent)
    found = read_to_the_end(one)
    assert found == b"" or found.startswith(b"HTTP/1.1 400")
    assert served(server)
