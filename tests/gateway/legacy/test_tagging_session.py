"""What one client's requests wait for: nothing but what they must see."""

import asyncio

import httpx2

from gateway.legacy import tagging
from gateway.legacy.dataset import DatasetFinder
from gateway.legacy.tagging import ChangeRequest, ImageRequest, PartialCsvRequest, Request, SaveRequest
from gateway.legacy.tagging_adapter import TaggingSession, overlap
from shared.clients.tagging import TaggingClient

DATASET = {
    "id": 1, "name": "set", "state": "ready", "source": "csv", "tags": [{"code": 100, "alias": "a"}],
    "cameras": [], "rows": 10, "clips": 1, "counts": {}, "progress": {"tagged": 0, "total": 10},
    "multiple_selection": True, "autosave": {}, "revision": 1, "saved_revision": 1, "csv_path": "/x.csv",
    "conflict": False, "created_by": "someone", "created_at": "2026-01-01T00:00:00Z",
}  # fmt: skip
ANSWERS: dict[str, object] = {
    "tags": {"index": 0, "tags": {"100": True}, "version": 2, "revision": 2, "change": 1},
    "tag": {"revision": 2, "change": 1, "rows": 2, "rows_changed": 2},
    "save": {"revision": 2, "csv_path": "/x.csv", "saved_at": "2026-01-01T00:00:00Z", "size": 1},
    "datasets": {"items": [DATASET], "next_cursor": None},
}


class HeldService(httpx2.AsyncBaseTransport):
    """A tagging service that answers labels only when it is told to."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.held: list[asyncio.Event] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Every call is noted when it comes."""
        what = request.url.path.rpartition("/")[2]
        if what != "datasets":
            self.begun.append(what)
        if what in {"tags", "tag"}:
            event = asyncio.Event()
            self.held.append(event)
            await event.wait()
        answer = ANSWERS.get(what)
        return httpx2.Response(200, content=b"bytes") if answer is None else httpx2.Response(200, json=answer)


def change(first: int, last: int) -> ChangeRequest:
    """A label for the one tag."""
    return ChangeRequest(first, last, 1, (True,))


async def begun_after(*requests: Request) -> tuple[HeldService, list["asyncio.Future[tuple[bytes, bool]]"]]:
    """The requests begun one after the other, until nothing moves any more."""
    service = HeldService()
    session = TaggingSession(
        TaggingClient("http://service", transport=service), DatasetFinder(""), asyncio.Event()
    )
    tasks: list[asyncio.Future[tuple[bytes, bool]]] = [
        asyncio.ensure_future(session.begin(request)) for request in requests
    ]
    await settle()
    return service, tasks


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(200):
        await asyncio.sleep(0)


def test_a_save_and_the_partial_csv_wait_for_all_changes_before_them_and_images_for_none() -> None:
    async def run() -> None:
        service, tasks = await begun_after(change(0, 0), SaveRequest(), PartialCsvRequest(), ImageRequest(0))
        assert sorted(service.begun) == ["image", "tags"]
        service.held[0].set()
        await settle()
        assert sorted(service.begun) == ["export.csv", "image", "save", "tags"]
        replies = [await task for task in tasks]
        assert replies == [
            (tagging.encode_done(tagging.CHANGE), True),
            (tagging.encode_done(tagging.SAVE), True),
            (tagging.encode_csv(b"bytes"), True),
            (tagging.encode_image(0, b"bytes"), True),
        ]

    asyncio.run(run())


def test_changes_wait_for_earlier_ones_of_the_same_rows_alone() -> None:
    async def run() -> None:
        service, tasks = await begun_after(
            change(0, 3), change(5, 5), change(3, 4), change(4, 4), change(9, 9)
        )
        assert service.begun == ["tag", "tags", "tags"]  # 0 to 3, 5, 9
        service.held[0].set()
        await settle()
        assert service.begun == ["tag", "tags", "tags", "tag"]  # 3 to 4
        service.held[3].set()
        await settle()
        assert service.begun[4:] == ["tags"]  # 4
        for event in service.held:
            event.set()
        assert all([(await task)[1] for task in tasks])

    asyncio.run(run())


def test_overlap() -> None:
    assert overlap(change(0, 3), change(3, 4))
    assert overlap(change(3, 4), change(0, 3))
    assert overlap(change(0, 9), change(3, 3))
    assert not overlap(change(0, 2), change(3, 4))
