"""The latest events of one service in memory, so that most who come back are served without asking it."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

from gateway.topics import Segments


@dataclass(frozen=True, slots=True)
class Entry:
    """One event: its place, what it is about, and its text as it goes to every client."""

    sequence: int
    topics: tuple[Segments, ...]
    text: str


class Ring:
    """Holds every event after `floor` up to `newest`; the oldest go first when there are too many."""

    def __init__(self, count: int, size: int) -> None:
        self._count = count
        self._size = size
        self._entries: deque[Entry] = deque()
        self._held = 0
        self.floor = 0
        self.newest = 0

    def restart(self, position: int) -> None:
        """Forget all; what follows `position` is still to come."""
        self._entries.clear()
        self._held = 0
        self.floor = self.newest = position

    def append(self, entry: Entry) -> None:
        """Take the next event."""
        self._entries.append(entry)
        self._held += len(entry.text)
        self.newest = entry.sequence
        while len(self._entries) > self._count or self._held > self._size:
            oldest = self._entries.popleft()
            self._held -= len(oldest.text)
            self.floor = oldest.sequence

    def after(self, cursor: int) -> list[Entry] | None:
        """The events after the cursor, oldest first; None where the ring does not reach."""
        if not self.floor <= cursor <= self.newest:
            return None
        later = list(takewhile(lambda entry: entry.sequence > cursor, self._backwards()))
        later.reverse()
        return later

    def _backwards(self) -> Iterator[Entry]:
        return reversed(self._entries)
