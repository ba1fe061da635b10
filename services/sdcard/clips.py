"""Clips: properties and pictures made on demand and kept, and their bytes straight from the card."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

from services.sdcard import file_repository, presenting
from services.sdcard.camera_errors import NoPicture, RemoteNotFound
from services.sdcard.camera_repository import CameraRow
from services.sdcard.cameras import CameraSession
from services.sdcard.file_repository import FileRow
from services.sdcard.links import Links
from services.sdcard.media import Media
from services.sdcard.places import ClipNotFound, Place, place_of
from services.sdcard.remote_file import RemoteFile
from services.sdcard.surveys import remote_path, start_of
from shared.caches import FileCache, SingleFlight
from shared.contracts.sdcard import ClipProperties
from shared.database import Database
from shared.errors import InsufficientStorage
from shared.web.problems import as_darkroom_error

MP4 = b"ftyp"  # bytes 4 to 8 of an MP4 (ISO 14496-12, 4.3)
NO_PICTURE = b""  # kept in place of a picture: it was tried, and there is none
OTHER = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class PictureSizes:
    """Longest sides in pixels, and how many frames a preview has."""

    thumbnail: int
    preview: int
    preview_frames: int


@dataclass(frozen=True, slots=True)
class ClipReading:
    """A file as it was known, and as it has just been read."""

    before: FileRow
    file: FileRow


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file that is open on the camera: `chunks(start, end)` are its bytes."""

    file: FileRow
    path: str
    media_type: str
    chunks: Callable[[int, int], AsyncGenerator[bytes]]


class Clips:
    """What is in clips. Pictures are kept by camera, path, size and time; properties in the file's row."""

    def __init__(
        self,
        database: Database,
        links: Links,
        media: Media,
        cache: FileCache,
        sizes: PictureSizes,
        connections: int,
    ) -> None:
        self._database = database
        self._links = links
        self._media = media
        self._cache = cache
        self._sizes = sizes
        self._flights: SingleFlight[Any] = SingleFlight()
        self.connections = connections

    async def get(self, row: CameraRow, clip_id: str) -> FileRow:
        """A file, with the properties of a clip. Raises ClipNotFound, CameraError."""
        file = await self._file(row, clip_id)
        if file.start is None or file.properties is not None:
            return file
        reading = await self._flights.do(f"{row.id}/{clip_id}", lambda: self.read(row, file, thumbnail=True))
        found: ClipReading = reading
        await self._keep(row, found)
        return found.file

    async def _keep(self, row: CameraRow, found: ClipReading) -> None:
        """Remember what was read; on a full disk it is only read again the next time."""
        try:
            await self._database.write(lambda c: file_repository.set_properties(c, row.id, [found]))
        except Exception as error:
            if not isinstance(as_darkroom_error(error), InsufficientStorage):
                raise

    async def _file(self, row: CameraRow, clip_id: str) -> FileRow:
        """As last listed; what has not been listed yet is looked at."""
        place = place_of(clip_id)
        known = await self._database.read(lambda c: file_repository.find(c, row.id, clip_id))
        if known is not None:
            return known
        try:
            entry = await self._links.run(row, lambda session: session.stat(remote_path(row, place)))
        except RemoteNotFound:
            raise ClipNotFound("it is not on the card") from None
        if entry.kind != "file":
            raise ClipNotFound("it is not a file")
        return _file_row(place, entry.size, entry.modified)

    async def unread(self, row: CameraRow, files: Sequence[FileRow], *, thumbnails: bool) -> list[FileRow]:
        """Those of the files that have to be read: properties or, if wanted, the thumbnail are not there."""
        return await asyncio.to_thread(
            lambda: [file for file in files if self._is_unread(row, file, thumbnails=thumbnails)]
        )

    def _is_unread(self, row: CameraRow, file: FileRow, *, thumbnails: bool) -> bool:
        if file.properties is None:
            return True
        return thumbnails and not self._cache.holds(_key(row, file, "thumbnail.jpg"))

    async def read(self, row: CameraRow, file: FileRow, *, thumbnail: bool) -> ClipReading:
        """Read the clip's index, and one packet for the thumbnail. Raises ClipNotFound, CameraError."""

        def work(session: CameraSession) -> ClipReading:
            with session.open(remote_path(row, place_of(file.id))) as remote:
                found = self._media.read(remote, self._sizes.thumbnail if thumbnail else None)
                properties = ClipProperties(**asdict(found.properties)).model_dump_json(exclude_none=True)
                now = replace(file, size=remote.size, modified=remote.modified, properties=properties)
                if thumbnail:
                    self._cache.put(_key(row, now, "thumbnail.jpg"), found.thumbnail or NO_PICTURE)
                return ClipReading(file, now)

        try:
            return await self._links.run(row, work)
        except RemoteNotFound:
            raise ClipNotFound("it is not on the card any more") from None

    async def thumbnail(self, row: CameraRow, clip_id: str) -> tuple[str, bytes]:
        """A small JPEG with its tag. Raises NoPicture, ClipNotFound, CameraError."""
        return await self._picture(
            row, clip_id, "thumbnail.jpg", lambda remote: self._media.thumbnail(remote, self._sizes.thumbnail)
        )

    async def preview(self, row: CameraRow, clip_id: str) -> tuple[str, bytes]:
        """A GIF of several key frames, likewise."""
        sizes = self._sizes
        return await self._picture(
            row,
            clip_id,
            "preview.gif",
            lambda remote: self._media.preview(remote, sizes.preview_frames, sizes.preview),
        )

    async def key_frame(self, row: CameraRow, clip_id: str) -> tuple[FileRow, bytes]:
        """The first key frame at its full size, as JPEG; not kept. Raises like `thumbnail`."""
        file = await self._file(row, clip_id)
        return file, await self._make(row, file, self._media.key_frame)

    async def _picture(
        self, row: CameraRow, clip_id: str, kind: str, make: Callable[[RemoteFile], bytes]
    ) -> tuple[str, bytes]:
        file = await self._file(row, clip_id)
        tag = presenting.file_etag(row.id, file)
        key = _key(row, file, kind)
        kept = await asyncio.to_thread(self._cache.get, key)
        if kept == NO_PICTURE:
            raise NoPicture("it has no key frame that can be shown")
        if kept is not None:
            return tag, kept

        async def make_and_keep() -> bytes:
            made = await self._make(row, file, make)
            await asyncio.to_thread(self._cache.put, key, made)
            return made

        made: bytes = await self._flights.do(key, make_and_keep)
        return tag, made

    async def _make(self, row: CameraRow, file: FileRow, make: Callable[[RemoteFile], bytes]) -> bytes:
        if file.start is None:
            raise NoPicture("the file's name is not that of a clip")

        def work(session: CameraSession) -> bytes:
            with session.open(remote_path(row, place_of(file.id))) as remote:
                return make(remote)

        try:
            return await self._links.run(row, work)
        except RemoteNotFound:
            raise ClipNotFound("it is not on the card any more") from None

    @asynccontextmanager
    async def open(self, row: CameraRow, clip_id: str) -> AsyncIterator[OpenedFile]:
        """The file as it is now, open for as long as the block lasts. Raises ClipNotFound, CameraError."""
        place = place_of(clip_id)
        try:
            async with self._links.open(row, remote_path(row, place)) as (remote, head):
                file = _file_row(place, remote.size, remote.modified)
                is_video = file.start is not None and head[4:8] == MP4
                yield OpenedFile(
                    file,
                    place.path.rpartition("/")[0] + "/" + place.shown,
                    "video/mp4" if is_video else OTHER,
                    lambda start, end: self._links.chunks(row, remote, start, end),
                )
        except RemoteNotFound:
            raise ClipNotFound("it is not on the card") from None


def _file_row(place: Place, size: int, modified: int) -> FileRow:
    start = start_of(place.date, place.hour, place.name)
    return FileRow(
        place.id, place.date, place.hour, file_repository.sort_key(place.date, place.hour, start, place.id),
        place.shown, start, size, modified,
    )  # fmt: skip


def _key(row: CameraRow, file: FileRow, kind: str) -> str:
    tag = presenting.file_etag(row.id, file)
    return f"{tag[:2]}/{tag}-{kind}"
