"""Which dataset old clients work on: looked up for all of them together, and never from before they asked."""

import asyncio

import httpx2
import pytest

from gateway.legacy.dataset import DatasetFinder, NoDataset, Served
from shared.clients.tagging import TaggingClient
from tests.gateway.legacy.test_tagging_session import DATASET, settle


class Listing(httpx2.AsyncBaseTransport):
    """A tagging service that looks at its newest dataset when it is asked, and answers when told to."""

    def __init__(self) -> None:
        self.newest = 1
        self.asked = 0
        self.came = asyncio.Semaphore(0)
        self.go = asyncio.Event()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The newest dataset of the moment at which the call came; none for 0."""
        self.asked += 1
        self.came.release()
        items = [{**DATASET, "id": self.newest}] if self.newest else []
        await self.go.wait()
        return httpx2.Response(200, json={"items": items, "next_cursor": None})


def test_clients_that_come_together_share_a_look_up_that_is_as_new_as_they_are() -> None:
    async def run() -> None:
        service = Listing()
        finder, client = DatasetFinder(""), TaggingClient("http://service", transport=service)

        def ask(count: int) -> list[asyncio.Task[Served]]:
            return [asyncio.create_task(finder.find(client)) for _ in range(count)]

        early = ask(100)
        await settle()
        service.newest = 2
        late = ask(100)
        await settle()
        assert service.asked == 1
        early[0].cancel()  # its client went away; the others get their answer
        service.go.set()
        assert {found.id for found in await asyncio.gather(*early[1:])} == {1}
        assert {found.id for found in await asyncio.gather(*late)} == {2}
        assert service.asked == 2

    asyncio.run(run())


def test_a_look_up_that_hangs_does_not_hold_the_next_one_back() -> None:
    async def run() -> None:
        service = Listing()
        finder, client = DatasetFinder(""), TaggingClient("http://service", transport=service)
        stuck = asyncio.create_task(finder.find(client))
        await service.came.acquire()
        service.newest = 0
        after = asyncio.create_task(finder.find(client))
        await service.came.acquire()
        service.go.set()
        assert (await stuck).id == 1
        with pytest.raises(NoDataset):
            await after

    asyncio.run(run())
