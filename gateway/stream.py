"""One service's events: followed once, remembered for a while, and handed to all who asked for them."""

import asyncio
from collections.abc import Collection
from contextlib import aclosing

from gateway.client import Client
from gateway.ring import Entry, Ring
from gateway.tail import ACCEPTABLE, Item, Source, log, pause, reason_of
from gateway.topics import Index, Segments, matches
from shared.contracts.events import StreamPosition

SHARE = 256  # clients between two looks at what else there is to do
ASKING = 4  # replays that ask the service itself at the same time: many may come back at once
BATCH = 500  # events that one such replay takes at once
AHEAD_SECONDS = 0.05


class Stream:
    """Joins clients to a service's events without a gap or a repetition.

    A client becomes live in one step without an await, right after it has had all that the ring
    holds: nothing can happen between its past and its present.
    """

    def __init__(self, source: Source, ring: Ring, history: int) -> None:
        self.service = source.service
        self.position: int | None = None  # None until the service has been reached once
        self._source = source
        self._ring = ring
        self._history = history
        self._live_from = 0
        self._index: Index[Client] = Index()
        self._followers: set[Client] = set()
        self._asking = asyncio.Semaphore(ASKING)

    async def run(self) -> None:
        """Follow the service until cancelled."""
        attempt = 0
        while True:
            try:
                if self.position is None:
                    await self._find_start()
                async with aclosing(self._source.read(self._ring.newest, follow=True)) as items:
                    async for item in items:
                        attempt = 0
                        await self._take(item)
            except ACCEPTABLE as error:
                if attempt == 1:
                    log.warning("event stream broken", service=self.service, reason=reason_of(error))
            await pause(attempt)
            attempt += 1

    async def lag(self) -> int:
        """Sequences that the service is ahead of us. Raises one of ACCEPTABLE where it does not answer."""
        newest = 0
        async with aclosing(self._source.read(None, follow=False)) as items:
            async for item in items:
                if not isinstance(item, Entry):
                    newest = item[0].newest
        return max(0, newest - (self.position or 0))

    def is_meant(self, pattern: Segments) -> bool:
        """Whether a pattern can take in events of this service."""
        return pattern[0] in ("*", self.service)

    def join(self, client: Client, patterns: Collection[Segments]) -> None:
        """From now on the client gets what matches."""
        for pattern in patterns:
            self._index.add(pattern, client)
        if patterns:
            self._followers.add(client)

    def leave(self, client: Client, patterns: Collection[Segments]) -> None:
        """The client gets these no more; the hub has taken them from its subscriptions already."""
        for pattern in patterns:
            self._index.remove(pattern, client)
        if not any(self.is_meant(pattern) for pattern in client.subscriptions.values()):
            self._followers.discard(client)

    async def replay(self, client: Client, patterns: list[Segments], cursor: int) -> None:
        """What the client missed after the cursor, then what happens."""
        had = [pattern for pattern in client.subscriptions.values() if pattern not in patterns]
        attempt = 0
        while True:
            missed = self._ring.after(cursor) if self.position is not None else None
            if missed is None:
                try:
                    missed, cursor = await self._ask_service(client, cursor)
                    attempt = 0
                except ACCEPTABLE:
                    await pause(attempt)
                    attempt += 1
                    continue
            elif not missed:
                held = set(client.subscriptions.values())
                self.join(client, [pattern for pattern in patterns if pattern in held])
                return
            for entry in missed:
                await _replay_one(client, patterns, had, entry)
                cursor = entry.sequence

    async def _ask_service(self, client: Client, cursor: int) -> tuple[list[Entry], int]:
        """Events that the ring does not hold any more, or not yet, and the cursor before them."""
        found: list[Entry] = []
        async with self._asking, aclosing(self._source.read(cursor, follow=False)) as items:
            async for item in items:
                if isinstance(item, Entry):
                    found.append(item)
                elif item[1]:
                    cursor = item[0].newest
                    self._tell_reset(client, cursor)
                if len(found) == BATCH:
                    break
        if not found:
            await asyncio.sleep(AHEAD_SECONDS)  # the service is ahead of our own reading for a moment
        return found, cursor

    async def _find_start(self) -> None:
        """Begin a little before the present, so that the ring holds what clients may have missed."""
        async with aclosing(self._source.read(None, follow=False)) as items:
            async for item in items:
                if not isinstance(item, Entry):
                    self._live_from = item[0].newest
                    self._ring.restart(max(0, item[0].oldest - 1, item[0].newest - self._history))
        if self._ring.newest == self._live_from:
            self._set_ready()

    async def _take(self, item: Item) -> None:
        if isinstance(item, Entry):
            await self._publish(item)
        elif item[1]:
            self._restart(item[0])

    async def _publish(self, entry: Entry) -> None:
        self._ring.append(entry)
        if self.position is None:
            if entry.sequence >= self._live_from:
                self._set_ready()
            return
        self.position = entry.sequence
        for count, client in enumerate(self._index.find(entry.topics), 1):
            client.deliver(entry.text)
            if not count % SHARE:
                await asyncio.sleep(0)
        await asyncio.sleep(0)  # what was queued goes out before the next comes: many may come at once

    def _set_ready(self) -> None:
        self.position = self._live_from
        for client in self._followers:
            client.tell({"cursor": {self.service: self.position}})

    def _restart(self, position: StreamPosition) -> None:
        log.warning("event stream reset", service=self.service, newest=position.newest)
        self._ring.restart(position.newest)
        self.position = self._live_from = position.newest
        for client in self._followers:
            self._tell_reset(client, position.newest)

    def _tell_reset(self, client: Client, cursor: int) -> None:
        client.tell({"reset": [self.service], "cursor": {self.service: cursor}})


async def _replay_one(client: Client, patterns: list[Segments], had: list[Segments], entry: Entry) -> None:
    def wanted(among: list[Segments]) -> bool:
        return any(matches(pattern, topic) for pattern in among for topic in entry.topics)

    if wanted(patterns) and not wanted(had):
        await client.replay(entry.text)
