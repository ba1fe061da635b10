"""Intake: a new dataset's file, by upload, by path, or made from a search in the image store."""

import asyncio
import csv
import hashlib
import io
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from services.tagging import target
from services.tagging.imports import Imports, Plan, Wanted
from services.tagging.metadata import read_metadata
from services.tagging.paths import FileMissing, Roots
from services.tagging.repository import FileStamp
from services.tagging.settings import TaggingSettings
from services.tagging.shelf import Shelf, new_content_id
from services.tagging.stored_images import StoredImages
from shared.blobs import BlobStore
from shared.contracts.tagging import NewDataset, NewTag
from shared.errors import TooLarge, Unavailable, Unprocessable
from shared.jobs import Job
from shared.workers import WorkerPool

SAME_FILE = "same_file"


@dataclass(frozen=True, slots=True)
class Uploaded:
    """Files that came with the request; the bytes, or a file of ours that may be taken."""

    name: str
    data: bytes | Path
    size: int
    sha256: str
    meta: bytes | None


@dataclass(frozen=True, slots=True)
class Begun:
    """A dataset under way. `small`: worth waiting for."""

    dataset_id: int
    job: Job
    small: bool


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose dataset it is to be, and the Idempotency-Key that came with the request."""

    by: str
    idempotency_key: str | None


class Intake:
    """Puts the source on the shelf, then has it imported."""

    def __init__(
        self,
        settings: TaggingSettings,
        roots: Roots,
        shelf: Shelf,
        blobs: BlobStore,
        imports: Imports,
        stored: StoredImages,
        pool: WorkerPool,
    ) -> None:
        self._settings = settings
        self._roots = roots
        self._shelf = shelf
        self._blobs = blobs
        self._imports = imports
        self._stored = stored
        self._pool = pool

    async def upload(self, uploaded: Uploaded, wanted: NewDataset, caller: Caller) -> Begun:
        """From files that came with the request. Raises InvalidCsv for the metadata."""
        aliases = _aliases(uploaded.meta, wanted.encoding)
        name = _plain(uploaded.name)
        row = self._row(wanted, caller, name=name, csv_path=await self._own_path(wanted, name))
        content_id = new_content_id()
        await self._pool.run(self._shelf.put_source, content_id, uploaded.data)
        digest = _digest(wanted, uploaded.sha256, uploaded.meta)
        return await self._begin(
            row, content_id, Plan(aliases, None, caller.idempotency_key, digest), uploaded.size
        )

    async def open(self, wanted: NewDataset, caller: Caller) -> Begun:
        """From files below the roots. Raises PathNotAllowed, FileMissing, TooLarge, InvalidCsv."""
        path = await self._pool.run(self._roots.file, wanted.data_path or "")
        if not await asyncio.to_thread(os.access, path, os.R_OK):
            raise FileMissing("the file cannot be read")
        meta = None
        if wanted.meta_path is not None:
            meta = await self._pool.run(self._read_meta, wanted.meta_path)
        aliases = _aliases(meta, wanted.encoding)
        same_file = wanted.save_to == SAME_FILE
        csv_path = str(path) if same_file else await self._own_path(wanted, path.name)
        content_id = new_content_id()
        stamp = await self._pool.run(self._copy, path, content_id)
        row = self._row(wanted, caller, name=path.name, csv_path=csv_path, image_folder=str(path.parent))
        row = replace(row, stamp=stamp) if same_file else row
        digest = _digest(wanted, stamp.digest, meta)
        return await self._begin(
            row, content_id, Plan(aliases, None, caller.idempotency_key, digest), stamp.size
        )

    async def collect(self, wanted: NewDataset, caller: Caller) -> Begun:
        """From a search in the image store. Raises Unprocessable where nothing fits, Unavailable."""
        assert wanted.images is not None
        names = await self._stored.names(wanted.images)
        data = await self._pool.run(_as_csv, names, wanted.tags)
        name = f"{_safe(wanted.name or 'images')}.csv"
        row = self._row(
            wanted, caller, name=name, csv_path=await self._own_path(wanted, name), source="imagestore"
        )
        aliases = {tag.code: tag.alias for tag in wanted.tags if tag.alias is not None}
        keys = {tag.code: tag.key for tag in wanted.tags if tag.key is not None}
        if len(set(keys.values())) < len(keys):
            raise Unprocessable("two tags have the same key", code="key_taken")
        content_id = new_content_id()
        await self._pool.run(self._shelf.put_source, content_id, data)
        plan = Plan(aliases, keys or None, caller.idempotency_key, _digest(wanted, "", None))
        return await self._begin(row, content_id, plan, len(data))

    async def _begin(self, row: Wanted, content_id: str, plan: Plan, size: int) -> Begun:
        try:
            dataset_id, job, is_new = await self._imports.begin(row, content_id, plan)
        except BaseException:
            await asyncio.shield(self._pool.run(self._shelf.remove, content_id))
            raise
        if not is_new:
            await self._pool.run(self._shelf.remove, content_id)
        return Begun(dataset_id, job, small=size <= self._settings.import_at_once_bytes)

    async def _own_path(self, wanted: NewDataset, name: str) -> str:
        """Where saves go when not to the very file: the folder that was named, or one of our own."""
        if wanted.save_to is not None and wanted.save_to != SAME_FILE:
            folder = await self._pool.run(self._roots.resolve, wanted.save_to)
        elif wanted.save_to == SAME_FILE and wanted.data_path is None:
            raise Unprocessable("an upload has no file of its own to save to", code="invalid_save_to")
        else:
            folder = (self._settings.home / "saved" / new_content_id()[:12]).absolute()
        return str(folder / target.labelled_name(name))

    def _row(
        self,
        wanted: NewDataset,
        caller: Caller,
        *,
        name: str,
        csv_path: str,
        image_folder: str = "",
        source: str = "csv",
    ) -> Wanted:
        return Wanted(
            name=wanted.name or name,
            source=source,
            csv_path=csv_path,
            image_folder=image_folder,
            encoding=wanted.encoding,
            multiple_selection=wanted.multiple_selection,
            autosave=wanted.autosave,
            by=caller.by,
        )

    def _copy(self, path: Path, content_id: str) -> FileStamp:
        """Put a copy of the file on the shelf: the file itself may be written to again. Blocks."""
        stamp = target.look(path, digest=True)
        if stamp is not None and stamp.size > self._settings.csv_bytes:
            raise TooLarge(f"a CSV may have at most {self._settings.csv_bytes} bytes")
        self._blobs.staging.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self._blobs.staging) as copy:
            with path.open("rb") as file:
                shutil.copyfileobj(file, copy, 1 << 20)
            copy.flush()
            self._shelf.put_source(content_id, Path(copy.name))
        if stamp is None or stamp != target.look(path, digest=True):
            self._shelf.remove(content_id)
            raise Unavailable("the CSV is being written at this moment; try again", code="csv_being_written")
        return stamp

    def _read_meta(self, text: str) -> bytes:
        path = self._roots.file(text)
        if path.stat().st_size > self._settings.meta_bytes:
            raise TooLarge(f"a metadata file may have at most {self._settings.meta_bytes} bytes")
        return path.read_bytes()


def _aliases(meta: bytes | None, encoding: str) -> dict[int, str]:
    return {} if meta is None else read_metadata(meta, encoding)


def _digest(wanted: NewDataset, data: str, meta: bytes | None) -> str:
    """Tells whether a request with a known Idempotency-Key is the same one."""
    told = wanted.model_dump_json() + data + hashlib.sha256(meta or b"").hexdigest()
    return hashlib.sha256(told.encode()).hexdigest()


def _as_csv(names: Sequence[str], tags: Sequence[NewTag]) -> bytes:
    """A data CSV for images that nobody has tagged yet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["file_path", *(f"tag_code_{tag.code}" for tag in tags)])
    blank = ["False"] * len(tags)
    writer.writerows([name, *blank] for name in names)
    return out.getvalue().encode()


def _plain(name: str) -> str:
    """The name of an uploaded file, without folders and what no file system takes."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(each for each in last if each.isprintable())[:200].lstrip(".") or "data.csv"


def _safe(name: str) -> str:
    return (
        "".join(each if each.isalnum() or each in "-_." else "_" for each in name).lstrip(".")[:100]
        or "images"
    )
