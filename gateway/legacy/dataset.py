"""The dataset that an old tagging client works on: which one it is, and what is known of it."""

from dataclasses import dataclass

from shared.clients.base import ProblemAnswer
from shared.clients.tagging import TaggingClient
from shared.contracts.tagging import Dataset

NOT_FOUND = 404


class NoDataset(Exception):
    """Raised when there is no dataset to serve; the text is for the client."""


@dataclass(frozen=True, slots=True)
class Served:
    """What requests need to know. The tags and the number of rows of a dataset never change."""

    id: int
    codes: tuple[str, ...]
    names: tuple[str, ...]
    rows: int

    def flags(self, given: tuple[bool, ...]) -> dict[str, bool]:
        """The flags of a change by the tags' codes."""
        return dict(zip(self.codes, given, strict=True))


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
