"""ZIP archives of files on a card, written while they are read: memory does not grow with them.

Clips do not shrink, so they are stored as they are. A ZIP that is stored needs each entry's size only
after its bytes, in a data descriptor; zipstream writes it.
"""

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing

from zipstream import ZipStream

from services.sdcard.camera_repository import CameraRow
from services.sdcard.clips import Clips, OpenedFile
from services.sdcard.places import place_of
from shared.errors import DarkroomError

ERRORS = "ERRORS.txt"


async def stream_zip(clips: Clips, row: CameraRow, ids: Sequence[str]) -> AsyncGenerator[bytes]:
    """A ZIP of the files, one after the other, each below its date and hour.

    A file that cannot be read is left out, one that breaks off holds what came; both are named in
    ERRORS.txt with the reason. Raises the last one's reason where none can be read.
    """
    archive = ZipStream(sized=False)
    failed: list[str] = []
    for clip_id in ids:
        try:
            async with (
                clips.open(row, clip_id) as opened,
                aclosing(_entry(archive, opened, failed)) as pieces,
            ):
                async for piece in pieces:
                    yield piece
        except DarkroomError as error:
            failed.append(f"{_name(clip_id)}: {error.detail or error.title}")
            if len(failed) == len(ids):
                raise  # not one could be read: nothing has gone out yet
    if failed:
        archive.add("\n".join([*failed, ""]), ERRORS)
    for piece in archive.finalize():
        yield piece


async def _entry(archive: ZipStream, opened: OpenedFile, failed: list[str]) -> AsyncGenerator[bytes]:
    """One file's part of the archive: zipstream pulls, and gets what has come a piece at a time."""
    waiting: list[bytes] = []
    archive.add(_taken(waiting), opened.path)
    feeding = archive.file()
    yield next(feeding)  # the head of the entry
    sent = 0
    try:
        async with aclosing(opened.chunks(0, opened.file.size)) as chunks:
            async for chunk in chunks:
                waiting.append(chunk)
                yield next(feeding)
                sent += len(chunk)
    except DarkroomError as error:
        reason = error.detail or error.title
        failed.append(f"{opened.path}: only its first {sent} of {opened.file.size} bytes ({reason})")
    for piece in feeding:
        yield piece


def _taken(waiting: list[bytes]) -> Iterator[bytes]:
    while waiting:
        yield waiting.pop()


def _name(clip_id: str) -> str:
    try:
        return place_of(clip_id).path
    except DarkroomError:
        return clip_id
