"""Replies of one connection: in the order of their requests, and what is ready in one write."""

import asyncio

import pytest
from prometheus_client import CollectorRegistry

from gateway.legacy.figures import Figures
from gateway.legacy.peer import Peer
from gateway.legacy.replies import TOGETHER_BYTES, Replies
from gateway.legacy.tagging import RequestDecoder

Reply = tuple[bytes, bool]
LIMIT = 4


class Wire(asyncio.Transport):
    """Notes each write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[list[bytes]] = []
        self.aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """One."""
        self.writes.append([bytes(data)])

    def writelines(self, list_of_data: object) -> None:
        """Several in one go."""
        self.writes.append(list(list_of_data))  # type: ignore[call-overload]

    def is_closing(self) -> bool:
        """It is open."""
        return False

    def abort(self) -> None:
        """It has been cut."""
        self.aborted = True


def replies_on(wire: Wire) -> tuple[Replies, CollectorRegistry]:
    """Replies to a client at the wire's other end, and what is counted of them."""
    peer = Peer(RequestDecoder(), tls=False, started=lambda _peer: None)
    peer._transport = wire
    registry = CollectorRegistry()
    return Replies(peer, LIMIT, "tagging", Figures(registry)), registry


def test_order_and_writes() -> None:
    async def run() -> None:
        wire = Wire()
        replies, registry = replies_on(wire)
        loop = asyncio.get_running_loop()
        waiting: list[asyncio.Future[Reply]] = [loop.create_future() for _ in range(LIMIT)]
        async with replies:
            for future in waiting:
                await replies.put("ImageRequest", future)
            fifth = asyncio.create_task(replies.put("SaveRequest", answer(b"fifth")))
            for number in (3, 1, 2):
                waiting[number].set_result((b"%d" % number * (TOGETHER_BYTES // 2), number != 1))
            await asyncio.sleep(0)
            assert (wire.writes, fifth.done()) == ([], False)
            waiting[0].set_result((b"0", True))
            await fifth
        size = TOGETHER_BYTES // 2
        assert [b"".join(write) for write in wire.writes] == [
            b"0" + b"1" * size,
            b"2" * size + b"3" * size,
            b"fifth",
        ]
        assert registry.get_sample_value("legacy_failures_total", {"protocol": "tagging"}) == 1
        labels = {"protocol": "tagging", "message": "ImageRequest"}
        assert registry.get_sample_value("legacy_request_seconds_count", labels) == LIMIT

    asyncio.run(run())


async def answer(data: bytes) -> Reply:
    """At once."""
    return data, True


async def crash() -> Reply:
    """A fault of ours."""
    raise ZeroDivisionError


def test_a_crash_ends_the_connection_and_is_told() -> None:
    async def run(wire: Wire) -> None:
        replies, _registry = replies_on(wire)
        async with replies:
            await replies.put("TagsRequest", crash())
            for _ in range(2 * LIMIT):  # the last ones would wait for ever
                await replies.put("SaveRequest", asyncio.get_running_loop().create_future())

    wire = Wire()
    with pytest.raises(ZeroDivisionError):
        asyncio.run(run(wire))
    assert wire.aborted
