"""Creating a backup of a system that may run.

First the rows of every database, each in one snapshot; then the blobs that these rows name. A blob exists
before its row and goes after it, so all of them are there, but for those that a sweeper took since the
snapshot: then the rows are read again, and only what is new in them is copied. Blobs never change.
"""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from shared import VERSION
from shared.backup import manifest
from shared.backup.box import NewBox
from shared.backup.errors import BackupError, told_by
from shared.backup.files import keep_file, keep_secrets
from shared.backup.holdings import Blob, KeptFile, Row
from shared.backup.manifest import Manifest, PartManifest
from shared.backup.packs import Packer, Trouble
from shared.backup.progress import Progress
from shared.backup.snapshot import Snapshot, take
from shared.backup.system import BackupSettings, Part, part_of
from shared.database.migrations import RESTORING, revision_of
from shared.database.types import now

ROUNDS = 5  # readings of the rows, where blobs have gone in between
NAMED = 3  # blobs that a message names


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command was told: whether secrets come along, and whether lost blobs are left out."""

    secrets: bool = True
    keep_going: bool = False


@dataclass(slots=True)
class _Reading:
    """One part as it is being copied."""

    part: Part
    snapshot: Snapshot
    files: list[KeptFile]
    copied: set[str] = field(default_factory=set)
    bytes: int = 0
    packs: list[str] = field(default_factory=list)


def create(settings: BackupSettings, target: Path, wishes: Wishes, progress: Progress) -> Manifest:
    """Make the backup. Raises BackupError; then nothing is left of it."""
    parts = [part_of(name, settings) for name in settings.names]
    for part in parts:
        _need_database(part)
    with NewBox(target).open() as box:
        return _Creation(settings, box, wishes, progress).run(parts)


class _Creation:
    def __init__(self, settings: BackupSettings, box: NewBox, wishes: Wishes, progress: Progress) -> None:
        self._settings = settings
        self._box = box
        self._wishes = wishes
        self._progress = progress
        self._manifest = Manifest(
            id=secrets.token_hex(8), darkroom=VERSION, begun=now(), data_dir=str(settings.folder), parts=[]
        )

    def run(self, parts: list[Part]) -> Manifest:
        readings = []
        for part in parts:
            self._progress.step(f"{part.name}: rows")
            readings.append(self._read(part))
        for reading in readings:
            self._copy_blobs(reading)
            self._keep_rows(reading)
            for kept in reading.files:
                keep_file(self._box, self._manifest, kept)
        if self._wishes.secrets:
            keep_secrets(self._box, self._manifest, parts)
        self._progress.end()
        self._box.path(manifest.NAME).write_text(self._manifest.model_dump_json(indent=1))
        self._box.keep(manifest.NAME)
        self._box.finish()
        return self._manifest

    def _read(self, part: Part) -> _Reading:
        """The rows in one snapshot, and beside them a list of the blobs that they name."""
        files: list[KeptFile] = []
        rows = self._box.path(f"{part.name}/rows")
        blobs_of = part.holdings.blobs()
        with self._wanted(part).open("w") as wanted, _snapshot_of(part) as connection:

            def seen(table: str, row: Row) -> None:
                for blob in blobs_of(table, row):
                    wanted.write(json.dumps(asdict(blob)) + "\n")
                files.extend(part.holdings.files(table, row))
                self._progress.add(1)

            return _Reading(part, take(connection, rows, seen), files)

    def _wanted(self, part: Part) -> Path:
        return self._box.path(f"{part.name}.wanted")

    def _copy_blobs(self, reading: _Reading) -> None:
        part = reading.part
        if part.blobs is None:
            self._wanted(part).unlink()
            return
        self._progress.step(f"{part.name}: blobs")

        def new_pack() -> Path:
            reading.packs.append(f"{part.name}/blobs/{len(reading.packs) + 1:06}.tar")
            return self._box.path(reading.packs[-1])

        with Packer(part.blobs, new_pack, lambda _path: self._box.keep(reading.packs[-1])) as packer:
            for attempt in range(1, ROUNDS + 1):
                troubles = self._copy_round(reading, packer)
                if not troubles:
                    break
                if attempt == ROUNDS or not any(trouble.gone for trouble in troubles):
                    self._leave_out(part, troubles)
                    break
                again = self._read(part)
                reading.snapshot, reading.files = again.snapshot, again.files
        self._wanted(part).unlink()

    def _copy_round(self, reading: _Reading, packer: Packer) -> list[Trouble]:
        def count(size: int) -> None:
            reading.bytes += size
            self._progress.add(1, size)

        with self._wanted(reading.part).open() as lines:
            found = list(packer.copy(_not_yet(lines, reading.copied), count))
        reading.copied.difference_update(trouble.blob.key for trouble in found)
        return [trouble for trouble in found if trouble.blob.needed or not trouble.gone]

    def _leave_out(self, part: Part, troubles: list[Trouble]) -> None:
        keys = [f"{part.name}/{trouble.blob.key}" for trouble in troubles]
        if not self._wishes.keep_going:
            named = ", ".join(keys[:NAMED]) + (", ..." if len(keys) > NAMED else "")
            raise BackupError(
                f"{len(keys)} blobs that rows name are missing or damaged in the system itself ({named}); "
                "--keep-going makes a backup without them"
            )
        self._manifest.left_out.extend(keys)

    def _keep_rows(self, reading: _Reading) -> None:
        snapshot = reading.snapshot
        told = PartManifest(
            name=reading.part.name,
            revision=snapshot.revision,
            rows=snapshot.rows,
            sequences=snapshot.sequences,
            packs=reading.packs,
            blobs=len(reading.copied),
            blob_bytes=reading.bytes,
        )
        for table in snapshot.rows:
            self._box.keep(told.rows_file(table))
        self._manifest.parts.append(told)


def _need_database(part: Part) -> None:
    """Raises BackupError where there is none: looking for it would make a file."""
    if part.file is not None and not part.file.exists():
        raise BackupError(
            f"there is no database of {part.name} at {part.file}: DARKROOM_DATA_DIR names another folder, "
            "DARKROOM_SERVICES the services that there are"
        )


@contextmanager
def _snapshot_of(part: Part) -> Iterator[Connection]:
    """A connection in a transaction that sees one moment, and that no writer waits for."""
    try:
        with part.engine() as engine, engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            if (revision_of(connection) or "").startswith(RESTORING):
                raise BackupError(f"a restore into the database of {part.name} has not come to its end")
            yield connection
    except SQLAlchemyError as error:
        raise BackupError(f"the database of {part.name} cannot be read: {told_by(error)}") from error


def _not_yet(lines: IO[str], copied: set[str]) -> Iterator[Blob]:
    """The blobs of a list that are not copied yet, each once."""
    for line in lines:
        blob = Blob(**json.loads(line))
        if blob.key not in copied:
            copied.add(blob.key)
            yield blob
