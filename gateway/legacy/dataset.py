"""The dataset that an old tagging client works on: which one it is, and what is known of it."""

import asyncio
from dataclasses import dataclass

from gateway.legacy.services import FAILURES
from shared.clients.base import ProblemAnswer
from shared.clients.tagging import TaggingClient
from shared.contracts.tagging import Dataset

NOT_FOUND = 404
TURN_SECONDS = 0.1  # how long a look-up waits for the one before it to end


class NoDataset(Exception):
    """Raised when there is no dataset to serve; the text is for the client."""


class Refused(Exception):
    """Raised for a request that makes no sense for the dataset; the text is for the client."""


REFUSALS = (*FAILURES, NoDataset, Refused)
"""What a request may end with, other than well."""


@dataclass(frozen=True, slots=True)
class Served:
    """What requests need to know. The tags and the number of rows of a dataset never change."""

    id: int
    codes: tuple[str, ...]
    names: tuple[str, ...]
    rows: int

    def check_row(self, index: int) -> None:
        """Raises Refused for a row that is not there."""
        if index >= self.rows:
            raise Refused(f"there is no row {index}; the last is {self.rows - 1}")

    def flags(self, given: tuple[bool, ...]) -> dict[str, bool]:
        """The flags of a change by the tags' codes."""
        return dict(zip(self.codes, given, strict=True))


class DatasetFinder:
    """Looks datasets up for all clients: those who ask while one look-up is under way share the next.

    So two hundred clients that come at once cost a few look-ups, and still nobody is told what was true
    before they asked.
    """

    def __init__(self, wanted: str) -> None:
        self._wanted = wanted
        self._newest: asyncio.Task[Served] | None = None
        self._waiting: asyncio.Task[Served] | None = None

    async def find(self, client: TaggingClient) -> Served:
        """As `find_dataset`, for the id or name that is wanted."""
        if self._waiting is None:
            self._waiting = asyncio.create_task(self._follow(client, self._newest))
            self._waiting.add_done_callback(_seen)
        return await asyncio.shield(self._waiting)

    async def _follow(self, client: TaggingClient, before: asyncio.Task[Served] | None) -> Served:
        if before is not None and not before.done():
            await asyncio.wait([before], timeout=TURN_SECONDS)
        self._newest, self._waiting = self._waiting, None  # who asks from now on waits for the next
        return await find_dataset(client, self._wanted)


def _seen(task: asyncio.Task[Served]) -> None:
    """Whoever waits has the error; clients that went away leave nobody."""
    if not task.cancelled():
        task.exception()


async def find_dataset(client: TaggingClient, wanted: str) -> Served:
    """The dataset with that id or name; without one, the newest that is ready.

    Raises NoDataset, and what the calls may raise.
    """
    if not wanted:
        async for dataset in client.datasets():
            if dataset.state == "ready":
                return _served(dataset)
        raise NoDataset("there is no dataset yet")
    dataset = await _by_id(client, wanted) or await _by_name(client, wanted)
    if dataset.state != "ready":
        raise NoDataset(f"the dataset {dataset.name} is {dataset.state}")
    return _served(dataset)


async def _by_id(client: TaggingClient, wanted: str) -> Dataset | None:
    if not wanted.isascii() or not wanted.isdigit():
        return None
    try:
        return await client.dataset(int(wanted))
    except ProblemAnswer as error:
        if error.problem.status == NOT_FOUND:
            return None
        raise


async def _by_name(client: TaggingClient, wanted: str) -> Dataset:
    async for dataset in client.datasets():
        if dataset.name == wanted:
            return dataset
    raise NoDataset(f"there is no dataset {wanted}")


def _served(dataset: Dataset) -> Served:
    return Served(
        dataset.id,
        tuple(str(tag.code) for tag in dataset.tags),
        tuple(tag.alias for tag in dataset.tags),
        dataset.rows,
    )
