"""Pictures: the images of rows, as they are on disk or smaller, those that come next made ready ahead."""

import asyncio
import hashlib
import os
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from cachetools import LRUCache

from services.tagging.datasets import Datasets, need_row
from services.tagging.paths import Roots
from services.tagging.repository import DatasetRow
from services.tagging.stored_images import StoredImages
from services.tagging.thumbnails import thumbnail
from shared.caches import FileCache, SingleFlight
from shared.errors import DarkroomError, NotFound
from shared.imaging import ImageLimits, ImageTooLarge, UnsupportedFormat, sniff
from shared.web.content import Content, content_headers
from shared.workers import WorkerPool

HELD = 1024 * 1024  # files up to this size are read whole, and may stay in memory
TRUSTED_SECONDS = 1.0  # how long a file is taken to be as it was when last looked at
AT_A_TIME = 8  # files that one thread reads for a call that asks for several
CHUNK = 256 * 1024
HEAD = 64  # bytes that tell what kind of image it is
CACHE_CONTROL = "private, no-cache"
Wanted = tuple[int, int, int]  # dataset, row, edge (0 for the file itself)


class ImageMissing(NotFound):
    """The file that the row names is not there; the row can be tagged all the same."""

    code = "image_missing"
    title = "The image of this row is missing"


@dataclass(frozen=True, slots=True)
class _Seen:
    """Content, with the moment (monotonic) at which its file was last looked at."""

    content: Content
    at: float


class Pictures:
    """Images by dataset and row. What is in memory is looked at again on the disk after a second."""

    def __init__(
        self,
        datasets: Datasets,
        roots: Roots,
        stored: StoredImages,
        cache: FileCache,
        pool: WorkerPool,
        limits: ImageLimits,
        *,
        most_bytes: int,
        hot_bytes: int,
        ahead: int,
    ) -> None:
        """`ahead`: how many of the rows that follow are made ready. `most_bytes`: of one file."""
        self._most_bytes = most_bytes
        self._datasets = datasets
        self._roots = roots
        self._stored = stored
        self._cache = cache
        self._pool = pool
        self._limits = limits
        self._ahead = ahead
        self._hot: LRUCache[Wanted, _Seen] = LRUCache(
            hot_bytes, getsizeof=lambda seen: seen.content.size + 500
        )
        self._flights: SingleFlight[Content] = SingleFlight()
        self._preparing: set[asyncio.Task[None]] = set()

    def remembered(self, wanted: Wanted) -> Content | None:
        """The content, if it was looked at within the last second; never waits."""
        seen = self._hot.get(wanted)
        if seen is None or time.monotonic() - seen.at > TRUSTED_SECONDS:
            return None
        return seen.content

    async def find(self, wanted: Wanted) -> Content:
        """The row's image, or a JPEG of at most `edge` pixels a side.

        Raises DatasetNotFound, RowNotFound, ImageMissing, PathNotAllowed, UnsupportedFormat, BrokenImage,
        ImageTooLarge, Unavailable.
        """
        content = await self._load(wanted)
        if self._ahead and not self._preparing:
            task = asyncio.create_task(self._make_ready(wanted))
            self._preparing.add(task)
            task.add_done_callback(self._preparing.discard)
        return content

    async def find_several(self, dataset: int, rows: Sequence[int]) -> list[Content | DarkroomError]:
        """What `find` gives for each of the rows, or raises; the files are read by a few calls of the pool.

        Raises DatasetNotFound, DatasetNotReady.
        """
        found: dict[int, Content | DarkroomError | None] = {
            row: self.remembered((dataset, row, 0)) for row in rows
        }
        missing = [row for row, content in found.items() if content is None]
        if missing:
            found.update(await self._load_several(dataset, missing))
        return [content for row in rows if (content := found[row]) is not None]

    async def close(self) -> None:
        """Make nothing ready any more."""
        for task in self._preparing:
            task.cancel()
        await asyncio.gather(*self._preparing, return_exceptions=True)

    async def _make_ready(self, wanted: Wanted) -> None:
        dataset, row, edge = wanted
        for following in range(row + 1, row + 1 + self._ahead):
            if self.remembered((dataset, following, edge)) is None:
                try:
                    await self._load((dataset, following, edge))
                except (DarkroomError, OSError):
                    continue  # it is told to whoever asks for that row

    async def _load(self, wanted: Wanted) -> Content:
        return await self._flights.do(repr(wanted), partial(self._load_now, wanted))

    async def _load_now(self, wanted: Wanted) -> Content:
        dataset, index, edge = wanted
        row, text = await self._datasets.place(dataset, index)
        if row.source == "imagestore":
            content = await self._stored.content(text, edge)
        else:
            content = await self._pool.run(self._from_disk, row, text, edge, self._hot.get(wanted))
        self._remember(wanted, content)
        return content

    async def _load_several(self, dataset: int, rows: Sequence[int]) -> dict[int, Content | DarkroomError]:
        row, places = await self._datasets.places(dataset, rows)
        if row.source == "imagestore":
            contents = await asyncio.gather(*(self._one(dataset, index) for index in rows))
            return dict(zip(rows, contents, strict=True))
        parts = [rows[begin : begin + AT_A_TIME] for begin in range(0, len(rows), AT_A_TIME)]
        known = {index: self._hot.get((dataset, index, 0)) for index in rows}
        read = await asyncio.gather(
            *(
                self._pool.run(self._files, row, {index: places[index] for index in part}, known)
                for part in parts
            )
        )
        found = {index: content for part in read for index, content in part.items()}
        for index, content in found.items():
            if isinstance(content, Content):
                self._remember((dataset, index, 0), content)
        return found

    async def _one(self, dataset: int, index: int) -> Content | DarkroomError:
        try:
            return await self._load((dataset, index, 0))
        except DarkroomError as error:
            return error

    def _files(
        self, row: DatasetRow, places: Mapping[int, str | None], known: Mapping[int, _Seen | None]
    ) -> dict[int, Content | DarkroomError]:
        found: dict[int, Content | DarkroomError] = {}
        for index, text in places.items():
            try:
                found[index] = self._from_disk(row, need_row(row, text), 0, known[index])
            except DarkroomError as error:
                found[index] = error
        return found

    def _remember(self, wanted: Wanted, content: Content) -> None:
        if content.data is not None and content.size <= self._hot.maxsize / 4:
            self._hot[wanted] = _Seen(content, time.monotonic())

    def _from_disk(self, row: DatasetRow, text: str, edge: int, seen: _Seen | None) -> Content:
        path = self._roots.resolve(text, row.image_folder)
        try:
            with open(path, "rb", opener=_at_once) as file:
                found = os.fstat(file.fileno())
                if not stat.S_ISREG(found.st_mode):
                    raise FileNotFoundError
                tag = _tag(found, edge)
                if seen is not None and seen.content.etag == f'"{tag}"'.encode():
                    return seen.content
                if found.st_size > self._most_bytes:
                    raise ImageTooLarge(f"an image may have at most {self._most_bytes} bytes")
                data = file.read() if edge or found.st_size <= HELD else None
                kind = sniff(data[:HEAD] if data is not None else file.read(HEAD))
        except OSError:  # gone, a folder, a loop of links, a name too long, no permission, a bad disk
            raise ImageMissing(
                "there is no such file that can be read; the row can be tagged all the same"
            ) from None
        if kind is None:
            raise UnsupportedFormat("the file of this row is not an image of a known format")
        if edge:
            assert data is not None
            data, media_type = self._smaller(path, tag, data, edge), "image/jpeg"
        else:
            media_type = kind.media_type
        headers = content_headers(
            media_type=media_type,
            etag=tag,
            name=path.name,
            cache_control=CACHE_CONTROL,
            modified=datetime.fromtimestamp(found.st_mtime, UTC),
        )
        size = found.st_size if data is None else len(data)
        return Content(size, f'"{tag}"'.encode(), headers, data, partial(_pieces, path))

    def _smaller(self, path: Path, tag: str, data: bytes, edge: int) -> bytes:
        digest = hashlib.sha256(f"{path}\0{tag}".encode("utf-8", "surrogateescape")).hexdigest()
        key = f"{digest[:2]}/{digest}.jpg"
        kept = self._cache.get(key)
        if kept is None:
            kept = thumbnail(data, edge, self._limits)
            self._cache.put(key, kept)
        return kept


def _tag(found: os.stat_result, edge: int) -> str:
    """With the inode: after a merge the row may name another file, of the same size and second."""
    return f"{found.st_size:x}-{found.st_mtime_ns:x}-{found.st_ino:x}" + (f"-{edge}" if edge else "")


def _at_once(path: str, flags: int) -> int:
    """Opens what may be a pipe, which a row can name too, without waiting for somebody at its other end."""
    return os.open(path, flags | os.O_NONBLOCK)


def _pieces(path: Path, start: int, end: int) -> Iterator[bytes]:
    """Part of a file. Raises ImageMissing where it has gone meanwhile."""
    try:
        file = path.open("rb", buffering=0)
    except OSError:
        raise ImageMissing("the file of this row has gone") from None
    with file:
        file.seek(start)
        left = end - start
        while left > 0 and (piece := file.read(min(CHUNK, left))):
            left -= len(piece)
            yield piece
