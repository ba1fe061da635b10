"""Files and names that are made to harm, through the gateway: each with the answer of the limits."""

import socket
import struct
import threading
import zlib
from collections.abc import Iterator

import httpx2
import pytest

from tests.conftest import StartStack
from tests.journeys.photos import photo
from tests.stack import MIB, Stack, peak_memory, staged_files, wait_for_empty_staging

IMAGE_BYTES = 64 * MIB  # the limit of one image


def huge_png(side: int) -> bytes:
    """A PNG of side x side black pixels, 1 bit each, in a file about a thousandth of their size."""
    packer = zlib.compressobj(9)
    line = bytes(1 + side // 8)
    pixels = b"".join(packer.compress(line) for _ in range(side)) + packer.flush()
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    """The status and the code of a problem."""
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


def test_a_picture_of_30000_by_30000_is_refused_unread(stack: Stack) -> None:
    png = huge_png(30_000)
    assert len(png) < 200_000
    with stack.images() as images:
        images.put("/v1/images/warm.png", content=photo("moon.png").data)
        before = peak_memory(stack.pid("imagestore"))
        refused = images.put("/v1/images/huge.png", content=png)
        assert refusal(refused) == (422, "image_too_large")
        assert "50" in refused.json()["detail"] or "16384" in refused.json()["detail"]
        form = images.post("/v1/images", files=[("files", ("huge.png", png))])
        assert refusal(form) == (422, "image_too_large")
        assert images.get("/v1/images/huge.png").status_code == 404
    assert peak_memory(stack.pid("imagestore")) - before < 50 * MIB


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("words.jpg", b"These are words, not a picture.\n" * 20),
        ("page.png", b"<!doctype html><script>alert(1)</script>"),
        ("drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
        ("program.gif", b"\x7fELF" + bytes(100)),
        ("nothing.jpg", b""),
    ],
)
def test_what_is_no_picture_is_refused_whatever_its_name(stack: Stack, name: str, data: bytes) -> None:
    with stack.images() as images:
        put = images.put(f"/v1/images/{name}", content=data)
        form = images.post("/v1/images", files=[("files", (name, data, "image/jpeg"))])
        assert refusal(put) == refusal(form) == (415, "unsupported_format")
        assert images.get(f"/v1/images/{name}").status_code == 404


@pytest.mark.parametrize(
    "name", ["../up.png", "a/../../up.png", "/etc/up.png", "..\\up.png", "..", "-rf.png"]
)
def test_names_do_not_leave_their_place(stack: Stack, name: str) -> None:
    data = photo("moon.png").data
    before = sorted(stack.data_dir.rglob("*up.png*"))
    with stack.images() as images:
        form = images.post("/v1/images", files=[("files", (name, data))])
        if form.status_code == 201:  # a browser's path before the name is not part of it
            stored = form.json()["items"][0]["name"]
            assert stored == "up.png"
            images.delete(f"/v1/images/{stored}").raise_for_status()
        else:
            assert refusal(form) == (422, "invalid_name")
    assert sorted(stack.data_dir.rglob("*up.png*")) == before == []


@pytest.mark.parametrize(
    "path",
    ["..%2Fup.png", "%2e%2e%2fup.png", "%2e%2e/up.png", "..%5cup.png", "a%00.png", "../up.png"],
)
def test_encoded_paths_do_not_leave_their_place(stack: Stack, path: str) -> None:
    head = (
        f"PUT /api/imagestore/v1/images/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Authorization: Bearer {stack.key}\r\nContent-Length: 3\r\n\r\nabc"
    )
    assert b" 400 " in exchange(stack, head.encode()).split(b"\r\n")[0]


def exchange(stack: Stack, request: bytes) -> bytes:
    """What the gateway answers to bytes that no client would send."""
    with connect(stack) as connection:
        connection.sendall(request)
        return read_all(connection)


def connect(stack: Stack) -> socket.socket:
    """A connection to the gateway."""
    host, port = stack.gateway_url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=30)


def read_all(connection: socket.socket) -> bytes:
    """What comes until the other side closes."""
    found = b""
    try:
        while piece := connection.recv(65536):
            found += piece
    except ConnectionResetError:
        pass
    return found


@pytest.mark.parametrize(("more", "begun"), [("Expect: 100-continue\r\n", b""), ("", bytes(1000))])
def test_a_body_that_says_it_is_too_large_is_refused_before_it_has_come(
    stack: Stack, more: str, begun: bytes
) -> None:
    head = (
        f"PUT /api/imagestore/v1/images/big.jpg HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Authorization: Bearer {stack.key}\r\n{more}Content-Length: {IMAGE_BYTES + 1}\r\n\r\n"
    )
    with connect(stack) as connection:
        connection.sendall(head.encode() + begun)
        answer = connection.recv(65536)
        assert b" 413 " in answer.split(b"\r\n")[0]
        while b"}" not in answer:
            answer += connection.recv(65536)
    assert b'"code": "body_too_large"' in answer
    wait_for_empty_staging(stack.data_dir)


def test_a_body_that_turns_out_too_large_is_refused_and_leaves_no_file(stack: Stack) -> None:
    staged: list[int] = []

    def too_much() -> Iterator[bytes]:
        yield photo("rocket.jpg").data
        for _ in range(IMAGE_BYTES // MIB + 8):
            yield bytes(MIB)
            staged.append(len(staged_files(stack.data_dir)))

    with stack.images() as images:
        try:
            answer = images.put("/v1/images/big.jpg", content=too_much())  # of no known length: chunked
        except httpx2.WriteError:
            pass  # the answer was there before the body had ended, and the connection was closed
        else:
            assert refusal(answer) == (413, "body_too_large")
        assert max(staged) == 1  # it was on its way to a file
        wait_for_empty_staging(stack.data_dir)
        assert images.get("/v1/images/big.jpg").status_code == 404
        assert images.put("/v1/images/fits.jpg", content=photo("rocket.jpg").data).status_code == 201


def test_one_file_too_large_does_not_spoil_the_others_of_a_batch(start_stack: StartStack) -> None:
    stack = start_stack(services="imagestore", DARKROOM_IMAGESTORE_IMAGE_BYTES=str(2 * MIB))
    rocket = photo("rocket.jpg").data
    form = [
        ("files", ("first.jpg", rocket)),
        ("files", ("big.jpg", rocket + bytes(3 * MIB))),
        ("files", ("last.jpg", rocket)),
    ]
    with stack.images() as images:
        answer = images.post("/v1/images", files=form)
        assert answer.status_code == 207
        results = answer.json()["items"]
        assert [one["status"] for one in results] == ["created", "failed", "created"]
        assert results[1]["problem"]["status"] == 413
        assert images.get("/v1/images/last.jpg/content").content == rocket
    wait_for_empty_staging(stack.data_dir)


@pytest.mark.parametrize("connections", [200, pytest.param(2000, marks=pytest.mark.faults)])
def test_silent_and_slow_clients_are_closed_and_others_served(
    start_stack: StartStack, connections: int
) -> None:
    stack = start_stack(
        services="imagestore",
        DARKROOM_GATEWAY_HEADER_SECONDS="2",
        DARKROOM_GATEWAY_BODY_IDLE_SECONDS="2",
        DARKROOM_GATEWAY_MAX_CONNECTIONS=str(connections + 200),
    )
    silent = [connect(stack) for _ in range(connections)]
    slow = [connect(stack) for _ in range(20)]
    halted = [connect(stack) for _ in range(20)]
    for connection in halted:
        connection.sendall(
            f"PUT /api/imagestore/v1/images/half.jpg HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: Bearer {stack.key}\r\nContent-Length: 100000\r\n\r\nhalf".encode()
        )
    ended = threading.Event()
    trickling = threading.Thread(target=trickle, args=(slow, ended))
    trickling.start()
    with stack.images() as images:
        data = photo("rocket.jpg").data
        for number in range(20):
            assert images.put(f"/v1/images/served-{number}.jpg", content=data).status_code == 201
            assert images.get(f"/v1/images/served-{number}.jpg/content").content == data
    for connection in [*silent, *halted]:
        with connection:
            answer = read_all(connection)  # fails where nobody closes within its patience
            assert answer == b"" or b" 408 " in answer or b" 400 " in answer, answer[:200]
    trickling.join(30)
    assert ended.is_set()
    wait_for_empty_staging(stack.data_dir)


def trickle(connections: list[socket.socket], ended: threading.Event) -> None:
    """Send a head a byte at a time on all of them, for ever; `ended` is set when all have been closed."""
    head = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"a" * 100_000
    left = list(connections)
    for byte in head:
        for connection in list(left):
            try:
                connection.sendall(bytes([byte]))
            except OSError:
                left.remove(connection)
                connection.close()
        if not left:
            ended.set()
            return
        if ended.wait(0.05):
            return
