"""Others: the cells that they have changed since a change, which an undo or redo of it leaves alone."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.tagging import history_repository
from services.tagging.flips import flips_from_bytes
from services.tagging.history_repository import ChangeRow
from shared.database import Connection

FindChange = Callable[[Connection, int, str], ChangeRow | None]


@dataclass(frozen=True, slots=True)
class Others:
    """`cells`, sorted, that others have changed since that change, as far as history entry `seen`."""

    change: int
    seen: int
    cells: NDArray[np.int64]


def look(
    connection: Connection, dataset_id: int, by: str, find: FindChange, before: Others | None = None
) -> tuple[ChangeRow | None, Others | None]:
    """The change to be undone or redone, and what others did since; `before` spares what it has seen."""
    change = find(connection, dataset_id, by)
    if change is None:
        return None, None
    known = before if before is not None and before.change == change.id else None
    after = known.seen if known is not None else change.id
    found = history_repository.flips_of_others(connection, dataset_id, by, after=after)
    parts = [flips_from_bytes(flips).cells for _, flips in found]
    if known is not None:
        parts.append(known.cells)
    cells = np.unique(np.concatenate([np.empty(0, np.int64), *parts]))
    return change, Others(change.id, found[-1][0] if found else after, cells)
