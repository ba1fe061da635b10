"""Images asked for by one client: what waits goes together, in one call while another is under way."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs

import httpx2

from gateway.legacy import tagging
from gateway.legacy.dataset import Served
from gateway.legacy.pictures import PictureQueue
from shared.clients.tagging import TaggingClient
from tests.gateway.legacy.test_tagging_session import settle

LARGE, MISSING = 7, 8
Reply = tuple[bytes, bool]


class Sheets(httpx2.AsyncBaseTransport):
    """A tagging service that answers with at most `most` images a call, when it is told to."""

    def __init__(self, most: int = 64) -> None:
        self.most = most
        self.calls: list[list[int]] = []
        self.go = asyncio.Event()
        self.status = 200
        self.cut = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """One image, or several."""
        query = parse_qs(request.url.query.decode())
        rows = (
            [int(row) for row in query["rows"][0].split(",")]
            if query
            else [int(request.url.path.split("/")[-2])]
        )
        self.calls.append(rows)
        await self.go.wait()
        if self.status != 200:
            return httpx2.Response(self.status, json={"title": "no", "status": self.status, "code": "x"})
        if not query:
            return httpx2.Response(200, content=content(rows[0]))
        heads = [head(row) for row in rows[: self.most]]
        body = b"".join(content(each["row"]) for each in heads if each.get("size"))  # type: ignore[arg-type]
        return httpx2.Response(200, content=json.dumps(heads).encode() + b"\n" + body[self.cut :])


def content(row: int) -> bytes:
    """The image of a row, with what could end a line in it."""
    return b"\n[%d]" % row * (row + 1)


def head(row: int) -> dict[str, object]:
    """What the service says of a row."""
    if row == LARGE:
        return {"row": row, "apart": True}
    if row == MISSING:
        return {
            "row": row,
            "problem": {"title": "t", "status": 404, "code": "image_missing", "detail": "gone"},
        }
    return {"row": row, "size": len(content(row))}


def good(row: int) -> Reply:
    """The reply for a row whose image is there."""
    return tagging.encode_image(row, content(row)), True


async def served() -> Served:
    """A dataset of a thousand rows."""
    return Served(1, ("100",), ("a",), 1000)


def queue_for(service: Sheets, gone: asyncio.Event | None = None) -> PictureQueue:
    """A queue whose explanations are the errors themselves."""
    client = TaggingClient("http://service", transport=service)
    return PictureQueue(client, served, str, gone or asyncio.Event())


def run(check: Callable[[], Awaitable[None]]) -> None:
    """In a loop of its own."""

    async def once() -> None:
        await check()

    asyncio.run(once())


def test_what_waits_goes_together() -> None:
    async def check() -> None:
        service = Sheets()
        queue = queue_for(service)
        first = [queue.ask(0)]
        await settle()
        first += [queue.ask(row) for row in (1, 2)]
        await settle()
        rest = [queue.ask(row) for row in [*range(10, 60), 3]]
        await settle()
        assert service.calls == [[0], [1, 2]]
        service.go.set()
        replies = await asyncio.gather(*first, *rest)
        assert replies == [good(row) for row in (0, 1, 2, *range(10, 60), 3)]
        assert sorted(service.calls[2:]) == [[*range(10, 42)], [*range(42, 60), 3]]

    run(check)


def test_one_answer_may_hold_fewer_and_each_row_has_its_own_fate() -> None:
    async def check() -> None:
        service = Sheets(most=2)
        service.go.set()
        queue = queue_for(service)
        replies = await asyncio.gather(*(queue.ask(row) for row in (5, 6, LARGE, MISSING, 9, 1000)))
        assert replies[:3] == [good(5), good(6), good(LARGE)]
        assert replies[3][0][:3] == b"\xff\x01\x01"
        assert replies[3][0].endswith(b"gone")
        assert replies[4] == good(9)
        assert replies[5] == (
            tagging.encode_image_error(1000, "there is no row 1000; the last is 999"),
            False,
        )
        assert service.calls == [[5, 6, LARGE, MISSING, 9], [LARGE, MISSING, 9], [LARGE], [9]]

    run(check)


def test_a_call_that_fails_is_an_error_for_each_and_the_next_ones_work() -> None:
    async def check() -> None:
        service = Sheets()
        service.go.set()
        queue = queue_for(service)
        service.status = 503
        for reply, good_one in await asyncio.gather(queue.ask(1), queue.ask(2)):
            assert (reply[:3], good_one) == (b"\xff\x01\x01", False)
        service.status, service.cut = 200, 1  # an answer that is not whole
        assert [done[1] for done in await asyncio.gather(queue.ask(1), queue.ask(2))] == [False, False]
        service.cut = 0
        assert list(await asyncio.gather(queue.ask(1), queue.ask(2))) == [good(1), good(2)]

    run(check)


def test_nothing_is_called_for_a_client_that_is_gone() -> None:
    async def check() -> None:
        service, gone = Sheets(), asyncio.Event()
        queue = queue_for(service, gone)
        under_way = queue.ask(1)
        await settle()
        gone.set()
        assert list(await asyncio.gather(queue.ask(2), queue.ask(3))) == [(b"", True)] * 2
        left = queue.ask(4)
        queue.close()
        await settle()
        assert service.calls == [[1]]
        assert under_way.cancelled()
        assert left.cancelled()

    run(check)
