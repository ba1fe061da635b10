"""A load of uploads: four connections that write what they are promised into a ledger."""

import io
import random
import threading
from collections.abc import Callable, Iterator

import httpx2
from PIL import Image

from tests.faults.ledger import Ledger
from tests.scripts.stack_process import wait_until
from tests.stack import MIB

CONNECTIONS = 4
COMMENT = b"\xff\xfe"  # a JPEG's COM segment
LONGEST_COMMENT = 65_000


class Jpegs:
    """JPEGs of chosen sizes, no two alike: one small picture, with comments of random bytes."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        picture = io.BytesIO()
        Image.effect_noise((64, 48), 50).save(picture, "JPEG")
        self._picture = picture.getvalue()

    def make(self, size: int) -> bytes:
        """A whole JPEG of about `size` bytes."""
        comments = []
        left = max(size - len(self._picture), 32)
        while left > 0:
            part = self._random.randbytes(min(left, LONGEST_COMMENT))
            comments.append(COMMENT + (len(part) + 2).to_bytes(2, "big") + part)
            left -= len(part)
        return self._picture[:2] + b"".join(comments) + self._picture[2:]

    def size(self) -> int:
        """Mostly what a web page holds, now and then more than is kept in memory on its way."""
        return self._random.choice([3_000, 20_000, 20_000, 60_000, 200_000, int(1.5 * MIB)])


class Uploads:
    """Puts images into a store until a number is reached, or the first upload that gets no success."""

    def __init__(self, connect: Callable[[], httpx2.Client], ledger: Ledger, *, seed: int = 0) -> None:
        self._connect = connect
        self._ledger = ledger
        self._jpegs = Jpegs(seed)
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._left = 0
        self.refusals: list[int] = []

    def start(self, count: int) -> None:
        """Begin `count` uploads."""
        self._left = count
        self._threads = [threading.Thread(target=self._work, args=(n,)) for n in range(CONNECTIONS)]
        for thread in self._threads:
            thread.start()

    def wait_for(self, acknowledged: int) -> None:
        """Wait until so many uploads were acknowledged in all."""
        wait_until(
            lambda: self._ledger.acknowledged >= acknowledged or not self._running(),
            lambda: f"{self._ledger.acknowledged} of {acknowledged} acknowledged",
        )

    def join(self) -> None:
        """Wait for the end of all connections."""
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def run(self, count: int) -> None:
        """All of `count` uploads, each of which has to succeed."""
        self.start(count)
        self.join()
        assert self._left == 0, self.refusals

    def _running(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def _work(self, connection: int) -> None:
        with self._connect() as client:
            for name, data in self._next(connection):
                self._ledger.sending(name, data)
                try:
                    answer = client.put(f"/v1/images/{name}", content=data)
                except httpx2.TransportError:
                    return
                if answer.status_code not in {200, 201}:
                    self.refusals.append(answer.status_code)
                    return
                self._ledger.stored(name)

    def _next(self, connection: int) -> Iterator[tuple[str, bytes]]:
        """Names of this connection alone, every third one given again: their contents have an order."""
        number = 0
        while True:
            with self._lock:
                if self._left == 0:
                    return
                self._left -= 1
                data = self._jpegs.make(self._jpegs.size())
            number += 1
            yield f"upload-{connection}-{number - 1 if number % 3 == 0 else number}.jpg", data
