"""The lean transport over real sockets: bodies both ways, kept connections, lost ones, silence."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx2
import pytest

from shared.clients.transport import LeanTransport

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[str]:
    """A server's address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.close()


def client(url: str, *, read: float = 5.0, connections: int = 128) -> httpx2.AsyncClient:
    """A client over the transport."""
    return httpx2.AsyncClient(
        base_url=url,
        transport=LeanTransport(connections),
        timeout=httpx2.Timeout(read, connect=2.0),
        trust_env=False,
    )


async def read_request(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Head and body of the next request."""
    head = await reader.readuntil(b"\r\n\r\n")
    lowered = head.lower()
    if b"content-length:" in lowered:
        length = int(lowered.partition(b"content-length:")[2].split()[0])
        return head, await reader.readexactly(length)
    body = b""
    if b"transfer-encoding: chunked" in lowered:
        while size := int(await reader.readline(), 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readexactly(2)
    return head, body


def test_calls_share_a_connection_and_bodies_come_and_go_whole() -> None:
    connections = 0
    seen: list[tuple[bytes, bytes]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while True:
            seen.append(await read_request(reader))
            body = seen[-1][1]
            writer.write(
                b"HTTP/1.1 201 Created\r\nX-Kind: one\r\nContent-Length: %d\r\n\r\n" % len(body) + body
            )

    async def pieces() -> AsyncIterator[bytes]:
        for number in range(5):
            yield b"%d" % number * 100_000

    async def run() -> None:
        async with served(serve) as url, client(url) as http:
            large = b"x" * 3_000_000
            first = await http.put("/a%20b?c=d", content=large, headers={"X-Mine": "yes"})
            assert (first.status_code, first.content, first.headers["x-kind"]) == (201, large, "one")
            second = await http.post("/pieces", content=pieces())
            assert second.content == b"".join(b"%d" % number * 100_000 for number in range(5))
            third = await http.post("/form", files={"file": ("name.txt", b"text")}, data={"field": "value"})
            assert b"text" in third.content
            assert b"value" in third.content
            known = {"Content-Length": "500000"}
            assert len((await http.put("/known", content=pieces(), headers=known)).content) == 500_000

    asyncio.run(run())
    assert connections == 1
    assert seen[0][0].startswith(b"PUT /a%20b?c=d HTTP/1.1\r\n")
    assert b"X-Mine: yes\r\n" in seen[0][0]


def test_answers_in_chunks_without_a_body_and_with_an_interim_one() -> None:
    answers = [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
        b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n",
    ]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await read_request(reader)
            for byte in answer:
                writer.write(bytes([byte]))
                await asyncio.sleep(0)

    async def run() -> list[tuple[int, bytes]]:
        async with served(serve) as url, client(url) as http:
            found = [await http.get("/") for _ in answers]
            return [(answer.status_code, answer.content) for answer in found]

    assert asyncio.run(run()) == [(200, b"abcde"), (204, b""), (200, b"ok"), (304, b"")]


def test_a_call_that_may_be_repeated_survives_a_connection_that_was_closed() -> None:
    requests: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            requests.append((await read_request(reader))[0].split()[0])
            if len(requests) % 2:  # every other request is lost with its connection
                return
            writer.write(OK)

    async def run() -> None:
        async with served(serve) as url, client(url) as http:
            assert (await http.get("/")).content == b"ok"
            assert (await http.put("/", content=b"x")).content == b"ok"
            with pytest.raises(httpx2.RemoteProtocolError):
                await http.post("/", content=b"x")

    asyncio.run(run())
    assert requests == [b"GET", b"GET", b"PUT", b"PUT", b"POST"]


def test_half_an_answer_is_an_error_and_not_asked_for_again() -> None:
    requests = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        requests += 1
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        await writer.drain()

    async def run() -> None:
        async with served(serve) as url, client(url) as http:
            with pytest.raises(httpx2.RemoteProtocolError):
                await http.get("/")

    asyncio.run(run())
    assert requests == 1


def test_what_is_no_http_nobody_and_silence() -> None:
    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"SSH-2.0-OpenSSH\r\n")
        await writer.drain()

    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def run() -> None:
        async with served(nonsense) as url, client(url) as http:
            with pytest.raises(httpx2.RemoteProtocolError):
                await http.get("/")
        async with client(url) as http:
            with pytest.raises(httpx2.ConnectError):
                await http.get("/")
        async with served(silence) as url, client(url, read=0.1) as http:
            with pytest.raises(httpx2.ReadTimeout):
                await http.get("/")
        async with client("https://127.0.0.1:1") as http:
            with pytest.raises(httpx2.UnsupportedProtocol):
                await http.get("/")

    asyncio.run(run())


def test_an_answer_before_the_end_of_the_body_is_the_answer() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        await reader.read()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65_536
            await asyncio.sleep(0.001)

    async def run() -> int:
        async with served(serve) as url, client(url) as http:
            return (await http.post("/", content=endless())).status_code

    assert asyncio.run(run()) == 413


def test_a_cancelled_call_leaves_no_connection_that_another_would_get() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head, _body = await read_request(reader)
            if b"/slow" in head:
                await asyncio.sleep(0.2)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")
            else:
                writer.write(OK)

    async def run() -> None:
        async with served(serve) as url, client(url) as http:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await http.get("/slow")
            assert [(await http.get("/")).content for _ in range(3)] == [b"ok"] * 3

    asyncio.run(run())


def test_no_more_connections_than_allowed() -> None:
    open_now = most = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        try:
            while True:
                await read_request(reader)
                await asyncio.sleep(0.001)
                writer.write(OK)
        finally:
            open_now -= 1

    async def run() -> None:
        async with served(serve) as url, client(url, connections=3) as http:
            answers = await asyncio.gather(*(http.get("/") for _ in range(30)))
            assert [answer.content for answer in answers] == [b"ok"] * 30

    asyncio.run(run())
    assert most == 3
