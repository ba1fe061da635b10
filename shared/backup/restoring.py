"""Restoring a backup into an empty system: other engines, other folders, this or a newer Darkroom.

The databases are marked first, and no service starts on a marked one. Then come the blobs, the files and the
rows; the marks go last. A restore that was cut off is run again, and begins anew.
"""

import fcntl
import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection, insert
from sqlalchemy.exc import SQLAlchemyError

from shared.backup import schema
from shared.backup.box import Box, check, open_box
from shared.backup.errors import BackupError, told_by
from shared.backup.files import NOT_OURS, need_absent, restore_files
from shared.backup.holdings import Move
from shared.backup.manifest import Manifest, PartManifest, read_manifest
from shared.backup.packs import unpack
from shared.backup.progress import Progress
from shared.backup.snapshot import fill, set_sequences, tables_of
from shared.backup.system import BackupSettings, Part, part_of
from shared.blobs import BlobStore
from shared.database.engine import WRITES
from shared.database.presence import ensure_present
from shared.database.types import microseconds, now
from shared.events import RECOVERED

WRITERS = 8
AHEAD = 16
GAP = 1_000_000_000  # sequences that the system may have given after the backup: cursors in it are found out


def verify(source: Path, progress: Progress) -> Manifest:
    """What a backup says of itself, all of whose bytes are what was written. Raises BackupError."""
    with open_box(source) as box:
        return _checked(box, progress)


def restore(settings: BackupSettings, source: Path, progress: Progress) -> Manifest:
    """Fill the system that the settings name. Raises BackupError."""
    with open_box(source) as box:
        manifest = _checked(box, progress)
        with _alone(settings.folder):
            _restore(settings, box, manifest, progress)
    progress.end()
    return manifest


def _checked(box: Box, progress: Progress) -> Manifest:
    progress.step("checking the backup")
    check(box, lambda size: progress.add(0, size))
    progress.end()
    return read_manifest(box)


def _restore(settings: BackupSettings, box: Box, manifest: Manifest, progress: Progress) -> None:
    parts = [(part_of(told.name, settings), told) for told in manifest.parts]
    begun = [_need_room(part, told, manifest) for part, told in parts]
    if not any(begun):
        need_absent(settings.folder, manifest)
    for part, _ in parts:
        with _writing(part) as connection:
            schema.mark(connection, manifest.id)
    for part, told in parts:
        _put_blobs(box, part, told, progress)
    restore_files(box, settings.folder, manifest)
    os.sync()  # blobs were written without waiting for the disk one by one
    folder = str(settings.folder)
    move = Move(manifest.data_dir, folder, frozenset(f"{folder}/{name}" for name in manifest.files))
    for part, told in parts:
        _fill(box, part, told, move, progress)
    for part, told in parts:
        with _writing(part) as connection:
            schema.unmark(connection, told.revision)


def _need_room(part: Part, told: PartManifest, manifest: Manifest) -> bool:
    """True where an earlier try is to be gone on with. Raises BackupError where anything else is there."""
    schema.need_known(part, told.revision)
    with _writing(part) as connection:
        begun = schema.need_empty(connection, part, manifest.id)
    if not begun and part.blobs is not None and next(iter(part.blobs.scan("")), None) is not None:
        raise BackupError(
            f"the blob store of {part.name} is not empty: a backup is restored into an empty system only"
        )
    return begun


def _put_blobs(box: Box, part: Part, told: PartManifest, progress: Progress) -> None:
    if part.blobs is None:
        return
    progress.step(f"{part.name}: blobs")
    with ThreadPoolExecutor(WRITERS, "blobs") as writers:
        waiting: list[Future[int]] = []
        for pack in told.packs:
            with box.open(pack) as file:
                for key, data, size in unpack(file):
                    if isinstance(data, bytes):
                        waiting.append(writers.submit(_put, part.blobs, key, data))
                    else:
                        progress.add(1, _put_large(part.blobs, key, data, size))
                    if len(waiting) == AHEAD:
                        progress.add(1, waiting.pop(0).result())
        for one in waiting:
            progress.add(1, one.result())


def _put(store: BlobStore, key: str, data: bytes) -> int:
    store.put(key, data, durable=False)
    return len(data)


def _put_large(store: BlobStore, key: str, data: BinaryIO, size: int) -> int:
    """By way of a file: a large blob need not be in memory."""
    staged = store.staging / f"restored-{os.getpid()}"
    try:
        with staged.open("wb") as file:
            while piece := data.read(1 << 20):
                file.write(piece)
        store.put(key, staged, durable=False)
    finally:
        staged.unlink(missing_ok=True)
    return size


def _fill(box: Box, part: Part, told: PartManifest, move: Move, progress: Progress) -> None:
    """All rows of a database in one transaction."""
    progress.step(f"{part.name}: rows")
    with ExitStack() as stack, _writing(part) as connection:
        schema.make(connection, part, told.revision)
        files = {table: stack.enter_context(box.open(told.rows_file(table))) for table in told.rows}
        for count in fill(connection, files, lambda table, row: part.holdings.moved(table, row, move)):
            progress.add(count)
        sequences = dict(told.sequences)
        _note_in_events(connection, part, sequences)
        set_sequences(connection, sequences)


def _note_in_events(connection: Connection, part: Part, sequences: dict[str, int]) -> None:
    """An event behind all that the system ever told, those after the backup too, which are undone by it.

    Who comes back with a cursor from in between learns that it is to ask anew (shared/events.py).
    """
    events = next((table for table in tables_of(connection) if table.name == "events"), None)
    if events is None:
        return
    last = sequences.get("events", 0)
    row = {
        "sequence": last + GAP,
        "type": f"{part.name}.{RECOVERED}",
        "subject": "system",
        "time": microseconds(now()),
        "data": f'{{"after":{last}}}',
    }
    connection.execute(insert(events).values(row))
    sequences["events"] = last + GAP


@contextmanager
def _writing(part: Part) -> Iterator[Connection]:
    try:
        with part.engine() as engine:
            ensure_present(engine)
            with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
                yield connection
    except SQLAlchemyError as error:
        raise BackupError(f"the database of {part.name} cannot be filled: {told_by(error)}") from error


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nothing runs on the data folder meanwhile (scripts/run.py takes the same lock). Raises BackupError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as stack:
        try:
            lock = stack.enter_context((folder / "run.lock").open("a"))
        except OSError as error:
            if error.errno not in NOT_OURS:
                raise
            yield  # a container's: services have folders of their own in it, and nobody takes the lock
            return
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError(f"a Darkroom runs on {folder}; a backup is restored before it starts") from None
        yield
