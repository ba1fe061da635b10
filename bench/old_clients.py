"""Old clients as fast as they can be made, so that they cost the servers little."""

import asyncio
import random
import socket
import struct
import time
from collections.abc import Sequence

_IMAGE = struct.Struct(">BBI")
_CHANGE = struct.Struct(">BBIII")
_IMAGE_REPLY = 11
SAVE, PARTIAL_CSV = b"\xff\x04", b"\xff\x06"


class Tagger:
    """A connection of the tagging protocol. Raises ConnectionError for any reply that is an error."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb", 1 << 18)

    def close(self) -> None:
        """End the connection."""
        self._file.close()
        self._socket.close()

    def send(self, request: bytes) -> None:
        """Send without waiting."""
        self._socket.sendall(request)

    def read_image(self) -> int:
        """The size of the image in the next reply."""
        head = self._file.read(_IMAGE_REPLY)
        if len(head) != _IMAGE_REPLY or head[:3] != b"\xff\x01\x00":
            raise ConnectionError(f"no image: {head!r}")
        size = int.from_bytes(head[7:], "big")
        return len(self._file.read(size))

    def read_done(self, count: int) -> None:
        """The replies to so many changes and saves."""
        for _ in range(count):
            reply = self._file.read(3)
            if len(reply) != 3 or reply[2]:
                raise ConnectionError(f"not done: {reply!r}")

    def partial_csv(self) -> int:
        """Ask for the partial CSV; its size."""
        self.send(PARTIAL_CSV)
        head = self._file.read(7)
        if head[:3] != b"\xff\x06\x00":
            raise ConnectionError(f"no partial CSV: {head!r}")
        return len(self._file.read(int.from_bytes(head[3:], "big")))


def change(row: int, flags: Sequence[bool]) -> bytes:
    """A request that labels a row."""
    return _CHANGE.pack(0xFF, 3, row, row, len(flags)) + bytes(flags)


def images_per_second(port: int, rows: int, in_flight: int, seconds: float) -> float:
    """Images a second with so many asked for at a time."""
    client = Tagger(port)
    begin, done, asked = time.perf_counter(), 0, 0
    try:
        while asked < in_flight:
            client.send(_IMAGE.pack(0xFF, 1, asked % rows))
            asked += 1
        while time.perf_counter() < begin + seconds:
            client.read_image()
            done += 1
            client.send(_IMAGE.pack(0xFF, 1, asked % rows))
            asked += 1
    finally:
        client.close()
    return done / (time.perf_counter() - begin)


def labels_and_saves_per_second(port: int, rows: int, tags: int, in_flight: int, seconds: float) -> float:
    """Pairs of a label and a save a second, with so many pairs sent ahead of their replies."""
    client = Tagger(port)
    rng = random.Random(port)
    flags = [False] * tags
    done = sent = 0
    begin = time.perf_counter()
    try:
        while time.perf_counter() < begin + seconds or done < sent:
            while sent - done < in_flight and time.perf_counter() < begin + seconds:
                flags[rng.randrange(tags)] ^= True
                client.send(change(rng.randrange(rows), flags) + SAVE)
                sent += 1
            client.read_done(2)
            done += 1
    finally:
        client.close()
    return done / (time.perf_counter() - begin)


def waits_of_labels(port: int, clients: int, rows: int, tags: int, seconds: float) -> list[float]:
    """Seconds that each label took, of many clients that label one row after the other without a pause."""
    return asyncio.run(_label_all(port, clients, rows, tags, seconds))


async def _label_all(port: int, clients: int, rows: int, tags: int, seconds: float) -> list[float]:
    found: list[float] = []
    end = time.perf_counter() + seconds

    async def annotate(number: int) -> None:
        # from several addresses: one may not have so many connections
        source = (f"127.0.0.{1 + number % 20}", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=source)
        rng = random.Random(number)
        while (begin := time.perf_counter()) < end:
            writer.write(change(rng.randrange(rows), [rng.random() < 0.5 for _ in range(tags)]))
            if (await reader.readexactly(3))[2]:
                raise ConnectionError("a label was refused")
            found.append(time.perf_counter() - begin)
        writer.close()

    await asyncio.gather(*(annotate(number) for number in range(clients)))
    return found


def save_and_return(port: int, name: str, content: bytes) -> float:
    """Save an image and get it back, a new connection each: seconds, without the pause of the protocol.

    The pause is between the header and the bytes of a return; the time until the header is counted, and
    the time from the first byte behind it. Raises ConnectionError when other bytes come back.
    """
    begin = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(b"save,%b,%d" % (name.encode(), len(content)) + content)
        connection.recv(1)
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(b"return,%b,N/A" % name.encode())
        connection.recv(4069)
        header = time.perf_counter()
        first = connection.recv(65_536)
        paused = time.perf_counter() - header
        pieces = [first]
        while piece := connection.recv(262_144):
            pieces.append(piece)
    if b"".join(pieces) != content:
        raise ConnectionError("other bytes came back")
    return time.perf_counter() - begin - paused
