"""Columns: a dataset's rows in memory, brought up to date block by block.

The rows of the database are the truth; what stands here is what they said at `revision`, and every
use first reads the blocks that changed since. So replicas need not tell one another anything.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.tagging import block_repository, repository
from services.tagging.bits import BLOCK, Bits, Versions, block_count, unpack, unpack_versions
from services.tagging.block_repository import ClipRow
from services.tagging.csv_tags import BlockText
from services.tagging.repository import DatasetRow
from shared.database import Connection


class Paths:
    """File paths, block by block, as UTF-8 with NUL between them."""

    def __init__(self, packed: list[bytes]) -> None:
        self._packed = packed
        self._folded: list[bytes | None] = [None] * len(packed)
        self._split: tuple[int, list[str]] = (-1, [])

    def of(self, row: int) -> str:
        """The path of a row."""
        block = row // BLOCK
        at, split = self._split
        if at != block:
            split = self._packed[block].decode().split("\0")
            self._split = (block, split)
        return split[row % BLOCK]

    def containing(self, block: int, folded: bytes) -> NDArray[np.bool_]:
        """Which of a block's BLOCK rows have that in their path; `folded` as `fold` makes it."""
        text = self._folded[block]
        if text is None:
            text = self._folded[block] = fold(self._packed[block])
        found = np.zeros(BLOCK, np.bool_)
        at = text.find(folded)
        if at < 0:
            return found
        ends = np.flatnonzero(np.frombuffer(text, np.uint8) == 0)
        while at >= 0:
            row = int(np.searchsorted(ends, at))
            found[row] = True
            if row >= len(ends):
                break
            at = text.find(folded, int(ends[row]) + 1)
        return found


def fold(text: bytes) -> bytes:
    """Upper and lower case alike; the very same object where nothing changes."""
    folded = text.lower() if text.isascii() else text.decode().casefold().encode()
    return text if folded == text else folded


@dataclass(slots=True)
class Columns:
    """`values` (T, padded rows) and `versions` change; paths, cameras and clips do not."""

    dataset_id: int
    content_id: str
    tags: int
    rows: int
    clips: list[ClipRow]
    clip_starts: NDArray[np.int64]
    paths: Paths
    cameras: NDArray[np.uint16]
    values: Bits
    versions: Versions
    text: BlockText  # of the tags, as far as somebody asked for it
    revision: int = -1
    lock: threading.RLock = field(default_factory=threading.RLock)
    _by_name: dict[str | None, list[tuple[int, int]]] | None = None

    def refresh(self, connection: Connection) -> None:
        """Take over what changed since it was last looked at."""
        newest = repository.revision(connection, self.dataset_id)  # before the blocks: they may only be newer
        if newest == self.revision:
            return
        for found in block_repository.blocks_since(connection, self.content_id, self.revision):
            here = slice(found.block * BLOCK, (found.block + 1) * BLOCK)
            self.values[:, here] = unpack(found.bits, self.tags)
            self.versions[here] = unpack_versions(found.versions)
            self.text.forget(found.block)
        self.revision = newest

    def ranges_of(self, clip: str) -> list[tuple[int, int]]:
        """Rows, from and up to, of the clips of that name: it may come back after others."""
        if self._by_name is None:
            self._by_name = {}
            for each in self.clips:
                self._by_name.setdefault(each.name, []).append((each.starts, each.ends))
        return self._by_name.get(clip, [])

    def clip_of(self, row: int) -> ClipRow:
        """The clip that holds a row."""
        return self.clips[int(np.searchsorted(self.clip_starts, row, "right")) - 1]

    @property
    def size(self) -> int:
        """Bytes that it takes, roughly."""
        return self.rows * (self.tags + 6 + 100) + 200 * len(self.clips) + self.text.size


def load(connection: Connection, row: DatasetRow) -> Columns:
    """A dataset's columns, from the database."""
    found = block_repository.read_facts(connection, row.content_id)
    padded = block_count(row.rows) * BLOCK
    cameras = np.zeros(padded, np.uint16)
    for each in found:
        there = np.frombuffer(each.cameras, "<u2")
        cameras[each.block * BLOCK : each.block * BLOCK + len(there)] = there
    tags = len(row.tags)
    clips = block_repository.read_clips(connection, row.content_id, -1, row.clips)
    return Columns(
        dataset_id=row.id,
        content_id=row.content_id,
        tags=tags,
        rows=row.rows,
        clips=clips,
        clip_starts=np.array([clip.starts for clip in clips], np.int64),
        paths=Paths([each.paths for each in found]),
        cameras=cameras,
        values=np.zeros((tags, padded), np.bool_),
        versions=np.zeros(padded, np.uint32),
        text=BlockText(block_count(row.rows)),
    )


class ColumnCache:
    """Columns of the datasets in use; the longest unused go when they are over `capacity` bytes."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._held: dict[int, Columns] = {}
        self._lock = threading.Lock()
        self._loading: dict[int, threading.Lock] = {}

    @contextmanager
    def fresh(self, connection: Connection, row: DatasetRow) -> Iterator[Columns]:
        """The dataset's columns as they are now, held still while looked at. Blocks: use it in a thread."""
        columns = self.find(connection, row)
        with columns.lock:
            columns.refresh(connection)
            yield columns

    def forget(self, dataset_id: int) -> None:
        """Drop a dataset that is gone, or that has other rows now."""
        with self._lock:
            self._held.pop(dataset_id, None)
            self._loading.pop(dataset_id, None)

    def find(self, connection: Connection, row: DatasetRow) -> Columns:
        """The columns as they were when last looked at: paths and cameras are right, tags may be old."""
        with self._lock:
            found = self._held.pop(row.id, None)
            if found is not None and found.content_id == row.content_id:
                self._held[row.id] = found  # now the youngest
                return found
            loading = self._loading.setdefault(row.id, threading.Lock())
        with loading:
            with self._lock:
                found = self._held.get(row.id)
            if found is None or found.content_id != row.content_id:
                found = load(connection, row)
                self._keep(found)
        return found

    def _keep(self, columns: Columns) -> None:
        with self._lock:
            self._held[columns.dataset_id] = columns
            total = sum(each.size for each in self._held.values())
            for dataset_id, each in list(self._held.items()):
                if total <= self._capacity or dataset_id == columns.dataset_id:
                    continue
                total -= each.size
                del self._held[dataset_id]
