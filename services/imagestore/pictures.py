"""Bytes out: contents and renditions, from memory where they are hot, computed once where they are not."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from cachetools import LRUCache

from services.imagestore.exif_facts import ExifFact, read_facts
from services.imagestore.renditions import RenditionSpec, render
from services.imagestore.repository import Facts
from services.imagestore.service import Catalogue
from services.imagestore.uploads import blob_key
from shared.blobs import BlobStore
from shared.caches import ByteCache, FileCache, SingleFlight
from shared.database import Database
from shared.imaging import ImageLimits
from shared.web.content import Content, content_headers
from shared.workers import WorkerPool

HELD_CONTENT = 1024 * 1024  # content up to this size is read whole, and may stay in memory
HOT_NAMES = 20_000
MUTABLE = "private, no-cache"
IMMUTABLE = "private, max-age=31536000, immutable"


class Contents:
    """The content of a name, remembered for as long as no row of the database changes."""

    def __init__(
        self, catalogue: Catalogue, database: Database, blobs: BlobStore, pool: WorkerPool, hot: ByteCache
    ) -> None:
        self._catalogue = catalogue
        self._database = database
        self._blobs = blobs
        self._pool = pool
        self._bytes = hot
        self._by_name: LRUCache[tuple[str, str | None], Content] = LRUCache(HOT_NAMES)
        self._stamp: int | None = None

    def remembered(self, name: str, digest: str | None) -> Content | None:
        """The content at once, if nothing has changed since it was last asked for; never waits."""
        stamp = self._database.change_stamp()
        if stamp is None or stamp != self._stamp:
            self._by_name.clear()
            self._stamp = stamp
            return None
        return self._by_name.get((name, digest))

    async def find(self, name: str, digest: str | None) -> Content:
        """The content of the name; with `digest`, that very one, also when it is an earlier version.

        Raises ImageNotFound.
        """
        stamp = self._database.change_stamp()
        facts = await self._catalogue.content(name, digest)
        content = await self.load(facts, name, immutable=digest is not None)
        if stamp is not None and stamp == self._stamp and content.data is not None:
            self._by_name[name, digest] = content
        return content

    async def load(self, facts: Facts, name: str, *, immutable: bool, attachment: bool = False) -> Content:
        """The content with those facts, in memory where it is small. Raises BlobMissing."""
        headers = content_headers(
            media_type=facts.media_type,
            etag=facts.digest,
            name=name,
            cache_control=IMMUTABLE if immutable else MUTABLE,
            attachment=attachment,
        )
        etag = f'"{facts.digest}"'.encode()
        data = None
        if facts.size <= HELD_CONTENT:
            data = self._bytes.get(facts.digest)
            if data is None:
                data = await self._pool.run(self._blobs.read, blob_key(facts.digest))
                self._bytes.put(facts.digest, data)
        return Content(facts.size, etag, headers, data, self.pieces(facts.digest))

    async def exif(self, facts: Facts) -> list[ExifFact]:
        """What the camera wrote into that content. Raises BlobMissing."""
        return await self._pool.run(lambda: read_facts(self._blobs.read(blob_key(facts.digest))))

    def pieces(self, digest: str) -> Callable[[int, int], Iterator[bytes]]:
        """Reads a part of the stored bytes, piece by piece."""
        return partial(self._blobs.chunks, blob_key(digest))


class Renditions:
    """Smaller or other forms of contents, kept by digest and parameters."""

    def __init__(
        self, blobs: BlobStore, cache: FileCache, hot: ByteCache, pool: WorkerPool, limits: ImageLimits
    ) -> None:
        self._blobs = blobs
        self._cache = cache
        self._bytes = hot
        self._pool = pool
        self._limits = limits
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="cache")
        self._flights: SingleFlight[tuple[Facts, bytes]] = SingleFlight()

    async def find(self, facts: Facts, name: str, spec: RenditionSpec, *, immutable: bool) -> Content:
        """The rendition, computed unless it is kept. Raises BrokenImage, BlobMissing, TooManyRequests."""
        tag = _tag(facts, spec)
        data = self._bytes.get(tag)
        if data is None:
            _, data = await self._flights.do(tag, lambda: self._make(lambda: facts, spec))
        return _content(tag, data, name, spec, immutable=immutable)

    async def find_named(
        self, name: str, digest: str | None, spec: RenditionSpec, look_up: Callable[[], Facts]
    ) -> Content | None:
        """The same by name, where a thread is free: it looks the name up, too, which spares two changes of
        threads. None where all are busy: what is kept must not wait for what is not.
        """
        key = f"{name}/{digest}/{spec.cache_key}"
        if not (self._pool.has_free_thread or self._flights.under_way(key)):
            return None
        facts, data = await self._flights.do(key, lambda: self._make(look_up, spec))
        return _content(_tag(facts, spec), data, name, spec, immutable=digest is not None)

    async def _make(self, look_up: Callable[[], Facts], spec: RenditionSpec) -> tuple[Facts, bytes]:
        """The bytes, which are kept once the answer is on its way: a cache may be late."""
        facts, data, is_new = await self._pool.run(self._find_now, look_up, spec)
        self._bytes.put(_tag(facts, spec), data)
        if is_new:
            self._writer.submit(self._cache.put, _key(facts, spec), data)
        return facts, data

    def _find_now(self, look_up: Callable[[], Facts], spec: RenditionSpec) -> tuple[Facts, bytes, bool]:
        facts = look_up()
        kept = self._bytes.get(_tag(facts, spec)) or self._cache.get(_key(facts, spec))
        if kept is not None:
            return facts, kept, False
        made = render(self._blobs.read(blob_key(facts.digest)), spec, self._limits)
        return facts, made.content, True

    async def close(self) -> None:
        """Finish what the cache still has to write."""
        await asyncio.to_thread(self._writer.shutdown)


def _tag(facts: Facts, spec: RenditionSpec) -> str:
    return f"{facts.digest}-{spec.cache_key}"


def _key(facts: Facts, spec: RenditionSpec) -> str:
    return f"{facts.digest[:2]}/{facts.digest}-{spec.cache_key}"


def _content(tag: str, data: bytes, name: str, spec: RenditionSpec, *, immutable: bool) -> Content:
    headers = content_headers(
        media_type=spec.format.media_type,
        etag=tag,
        name=f"{name.rsplit('.', 1)[0]}.{spec.format}",
        cache_control=IMMUTABLE if immutable else MUTABLE,
    )
    return Content(len(data), f'"{tag}"'.encode(), headers, data)
