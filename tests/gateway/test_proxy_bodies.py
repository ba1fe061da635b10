"""Bodies through the proxy: whole, as they come, at the slower side's pace, and never gathered."""

import asyncio
import hashlib
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx2

from tests.gateway.raw import RawClient
from tests.gateway.rogue import Asked, Reader, RogueWith, Writer, answer, answering, read_chunked
from tests.gateway.serving import GatewayTo, wait_until

MIB = 1 << 20
PIECE = os.urandom(64 * 1024)
BUFFERS = 24 * MIB  # what sockets and both ends may hold between them


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_a_body_with_a_length_keeps_it(rogue_with: RogueWith, gateway_to: GatewayTo) -> None:
    body = os.urandom(3 * MIB + 7)
    got = []

    async def behave(asked: Asked, reader: Reader, writer: Writer) -> None:
        got.append(await reader.readexactly(int(asked.header("content-length"))))
        writer.write(answer(got[-1][::-1]))

    rogue = rogue_with(behave)
    gateway, key = gateway_to(rogue.url)
    answered = httpx2.put(f"{gateway.url}/api/imagestore/x", content=body, headers=bearer(key))
    assert got == [body]
    assert rogue.asked[0].header("transfer-encoding") == ""
    assert answered.headers["content-length"] == str(len(body))
    assert answered.content == body[::-1]


def test_a_body_in_chunks_stays_one(rogue_with: RogueWith, gateway_to: GatewayTo) -> None:
    got = []

    async def behave(asked: Asked, reader: Reader, writer: Writer) -> None:
        got.append((asked.header("transfer-encoding"), await read_chunked(reader)))
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")

    gateway, key = gateway_to(rogue_with(behave).url)
    answered = httpx2.put(
        f"{gateway.url}/api/imagestore/x", content=iter([b"one ", b"two"]), headers=bearer(key)
    )
    assert got == [("chunked", (b"one two", True))]
    assert "content-length" not in answered.headers
    assert answered.content == b"abcde"


def test_an_empty_body_with_a_length_of_zero(rogue_with: RogueWith, gateway_to: GatewayTo) -> None:
    rogue = rogue_with(answering(answer(b"ok")))
    gateway, key = gateway_to(rogue.url)
    answered = httpx2.post(f"{gateway.url}/api/imagestore/x", content=b"", headers=bearer(key))
    assert answered.content == b"ok"
    assert rogue.asked[0].all("content-length") == ["0"]


def test_hundreds_of_mebibytes_pass_in_both_directions_in_little_memory(
    rogue_with: RogueWith, gateway_to: GatewayTo
) -> None:
    pieces = 300 * MIB // len(PIECE)

    async def behave(asked: Asked, reader: Reader, writer: Writer) -> None:
        digest = hashlib.sha256()
        left = int(asked.header("content-length"))
        while left:
            data = await reader.read(1 << 18)
            left -= len(data)
            digest.update(data)
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {pieces * len(PIECE)}\r\n".encode())
        writer.write(f"X-Digest: {digest.hexdigest()}\r\n\r\n".encode())
        for _ in range(pieces):
            writer.write(PIECE)
            await writer.drain()

    gateway, key = gateway_to(rogue_with(behave).url)
    expected = hashlib.sha256()
    received = hashlib.sha256()
    most = start = resident()

    def sent() -> Iterator[bytes]:
        for _ in range(pieces):
            expected.update(PIECE)
            yield PIECE

    headers = {**bearer(key), "Content-Length": str(pieces * len(PIECE))}
    with httpx2.stream("PUT", f"{gateway.url}/api/imagestore/x", content=sent(), headers=headers) as answered:
        for data in answered.iter_raw(1 << 18):
            received.update(data)
            most = max(most, resident())
    assert answered.headers["x-digest"] == expected.hexdigest()
    assert received.digest() == expected.digest()
    assert most - start < 64 * MIB  # client, gateway and upstream together


def test_a_service_that_does_not_read_stops_the_client(rogue_with: RogueWith, gateway_to: GatewayTo) -> None:
    async def behave(asked: Asked, reader: Reader, writer: Writer) -> None:
        await asked.closed.wait()

    rogue = rogue_with(behave)
    gateway, key = gateway_to(rogue.url, read_seconds=3.0)
    with RawClient(gateway.port) as client:
        client.ask("PUT", "/api/imagestore/x", f"Content-Length: {1 << 30}", key=key)
        client.socket.settimeout(1.0)
        sent = 0
        with suppress(TimeoutError):
            while sent < 1 << 30:
                sent += client.socket.send(PIECE)
        assert sent < BUFFERS
        client.socket.settimeout(20.0)
        answered = client.read()  # and it does not wait for ever
    assert answered.status == 504
    assert b'"upstream_timeout"' in answered.body
    rogue.stop()  # or the gateway's side stays until the kernel gives it up


def test_a_client_that_does_not_read_stops_the_service(rogue_with: RogueWith, gateway_to: GatewayTo) -> None:
    written = [0]

    async def behave(asked: Asked, reader: Reader, writer: Writer) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {1 << 30}\r\n\r\n".encode())
        while written[0] < 1 << 30:
            writer.write(PIECE)
            await writer.drain()
            written[0] += len(PIECE)

    gateway, key = gateway_to(rogue_with(behave).url)
    with RawClient(gateway.port) as client:
        client.ask("GET", "/api/imagestore/x", key=key)
        wait_until(lambda: written[0] > 0)
        last = -1
        while last != written[0]:  # until nothing moves any more
            last = written[0]
            threading.Event().wait(0.5)
        assert written[0] < BUFFERS


def test_what_comes_piece_by_piece_is_passed_on_piece_by_piece(
    rogue_with: RogueWith, gateway_to: GatewayTo
) -> None:
    go_on = threading.Event()

    async def behave(asked: Asked, reader: Reader, writer: Writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in (b"5\r\nfirst\r\n", b"6\r\nsecond\r\n", b"0\r\n\r\n"):
            writer.write(piece)
            await writer.drain()
            await asyncio.to_thread(go_on.wait)

    gateway, key = gateway_to(rogue_with(behave).url)
    with httpx2.stream("GET", f"{gateway.url}/api/imagestore/x", headers=bearer(key)) as answered:
        pieces = answered.iter_raw()
        assert next(pieces) == b"first"  # before the second was even written
        go_on.set()
        assert b"".join(pieces) == b"second"


def test_many_at_the_same_time_do_not_mix(rogue_with: RogueWith, gateway_to: GatewayTo) -> None:
    async def behave(asked: Asked, reader: Reader, writer: Writer) -> None:
        writer.write(answer(asked.target.encode() * 1000))

    gateway, key = gateway_to(rogue_with(behave).url)
    wrong = []

    def ask(worker: int) -> None:
        with httpx2.Client(base_url=gateway.url, headers=bearer(key)) as client:
            for number in range(40):
                target = f"/{worker}/{number}"
                if client.get(f"/api/imagestore{target}").content != target.encode() * 1000:
                    wrong.append(target)

    threads = [threading.Thread(target=ask, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_requests_sent_ahead_are_answered_in_their_order(
    rogue_with: RogueWith, gateway_to: GatewayTo
) -> None:
    async def behave(asked: Asked, reader: Reader, writer: Writer) -> None:
        writer.write(answer(asked.target.encode()))

    gateway, key = gateway_to(rogue_with(behave).url)
    with RawClient(gateway.port) as client:
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in range(5):
            client.ask("GET", f"/api/imagestore/{number}", key=key)
        assert [client.read().body for _ in range(5)] == [f"/{number}".encode() for number in range(5)]
