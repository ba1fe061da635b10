"""Imports: a CSV file becomes a dataset, whole or not at all, in pieces that keep nobody waiting."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.tagging import block_repository, repository
from services.tagging.bits import BLOCK, pack, pack_versions
from services.tagging.block_repository import BlockRow, ClipRow, FactsRow
from services.tagging.csv_file import DataFile, read_data
from services.tagging.metadata import names_for
from services.tagging.repository import FileStamp
from services.tagging.shelf import Shelf
from shared.contracts.tagging import Autosave, Tag
from shared.database import Connection, Database, DBAPIError, IntegrityError
from shared.database.types import now
from shared.errors import DarkroomError, InsufficientStorage, Unavailable
from shared.events import EventLog
from shared.jobs import Job, JobBoard, JobCancelled, JobNotFound, NewJob, RunningJob
from shared.web.problems import as_darkroom_error
from shared.workers import WorkerPool

BLOCKS_A_WRITE = 16  # some 1 MiB: other writers wait a few milliseconds for it
CLIPS_A_WRITE = 2000
KEYS = "1234567890"
IMPORT = "import"
Progress = Callable[[int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A dataset to be: everything that is known before its file is read."""

    name: str
    source: str
    csv_path: str
    image_folder: str
    encoding: str
    multiple_selection: bool
    autosave: Autosave
    by: str
    stamp: FileStamp | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """How its file is to be read: names and keys of tags by code; `keys` None gives the digits in order."""

    aliases: dict[int, str]
    keys: dict[int, str] | None = None
    idempotency_key: str | None = None
    request_digest: str = ""


class _TakenMeanwhile(Exception):
    """Raised inside a transaction, which it undoes, when another one has made the key's job first."""


async def no_progress(_done: int) -> None:
    """For contents whose writing nobody follows."""


class Imports:
    """Makes datasets, and the contents that they hold."""

    def __init__(
        self, database: Database, log: EventLog, board: JobBoard, shelf: Shelf, pool: WorkerPool
    ) -> None:
        self._database = database
        self._log = log
        self._board = board
        self._shelf = shelf
        self._pool = pool

    async def begin(self, wanted: Wanted, content_id: str, plan: Plan) -> tuple[int, Job, bool]:
        """A dataset that is being imported, the job that does it, and whether both are new.

        The source is on the shelf already. The same Idempotency-Key gives the dataset and job of before.
        Raises TooManyJobs, IdempotencyKeyReused.
        """

        def work(connection: Connection) -> tuple[int, Job, bool]:
            known = self._board.known(connection, _job(plan, wanted, content_id, 0))
            if known is not None:
                return int(known.parameters["dataset_id"]), known, False
            dataset_id = repository.add(connection, _values(wanted, content_id))
            block_repository.add_content(connection, dataset_id, content_id)
            job, is_new = self._board.add(connection, _job(plan, wanted, content_id, dataset_id))
            if not is_new:
                raise _TakenMeanwhile
            repository.change(connection, dataset_id, {"job_id": job.id})
            return dataset_id, job, True

        try:
            return await self._database.write(work)
        except (IntegrityError, _TakenMeanwhile):  # the same key came to another replica at the same moment
            return await self._database.write(work)

    async def run(self, running: RunningJob) -> dict[str, Any]:
        """The handler of import jobs. Raises InvalidCsv; then the dataset is gone again."""
        told = running.job.parameters
        dataset_id, content_id = int(told["dataset_id"]), str(told["content_id"])
        try:
            await self._fill(running, dataset_id, content_id)
        except (JobCancelled, DarkroomError) as error:
            if not isinstance(error, Unavailable):
                await self._abandon(dataset_id, content_id)
            raise
        except IntegrityError:
            if await self._database.read(lambda c: block_repository.is_content(c, content_id)):
                raise
            await self._abandon(dataset_id, content_id)
            raise JobCancelled from None  # the dataset was deleted meanwhile
        except (OSError, DBAPIError) as error:
            refusal = as_darkroom_error(error)
            if not isinstance(refusal, InsufficientStorage):
                raise
            await self._abandon(dataset_id, content_id)
            raise refusal from None
        return {"dataset_id": dataset_id}

    async def abandon_ended(self) -> None:
        """Remove datasets whose import has ended without them: cancelled while it waited, or given up."""
        for row in await self._database.read(repository.importing):
            if await self._database.read(partial(self._has_ended, job_id=row.job_id or 0)):
                await self._abandon(row.id, row.content_id)

    def _has_ended(self, connection: Connection, job_id: int) -> bool:
        try:
            return self._board.find(connection, job_id).ended
        except JobNotFound:
            return True

    async def _fill(self, running: RunningJob, dataset_id: int, content_id: str) -> None:
        """Read the source on the shelf, write its rows in pieces, and make the dataset ready."""
        told = running.job.parameters
        running.check()
        if not await running.write(lambda c: _begin_again(c, dataset_id, content_id)):
            return  # it is ready: only that was not written down any more
        data = await self._pool.run(self._read, content_id, str(told["encoding"]))

        async def progress(done: int) -> None:
            running.check()
            await running.progress(done, total=data.rows)

        await self.write_content(content_id, data, data.values, progress)
        values = _described(data, told["aliases"], told["keys"])

        def finish(connection: Connection) -> None:
            repository.change(connection, dataset_id, {**values, "state": "ready"})
            told = {"dataset": dataset_id, "rows": data.rows}
            self._log.append(connection, "dataset.imported", f"datasets/{dataset_id}", told)

        await running.write(finish)

    async def _abandon(self, dataset_id: int, content_id: str) -> None:
        """Remove a dataset whose import failed."""
        await self._database.write(lambda c: repository.remove_importing(c, dataset_id))
        await self._pool.run(self._shelf.remove, content_id)

    async def write_content(
        self,
        content_id: str,
        data: DataFile,
        values: NDArray[np.bool_],
        progress: Progress = no_progress,
        *,
        version: int = 0,
    ) -> None:
        """Write rows, tags ((n, T), index order) and clips of a content that nobody reads yet."""
        blocks = -(-data.rows // BLOCK)
        for first in range(0, blocks, BLOCKS_A_WRITE):
            numbers = range(first, min(first + BLOCKS_A_WRITE, blocks))
            packed = await self._pool.run(_pack, data, values, numbers, version)
            await self._write_blocks(content_id, *packed)
            await progress(min(numbers.stop * BLOCK, data.rows))
        for part in _clips(data):
            await self._write_clips(content_id, part)

    async def _write_blocks(
        self, content_id: str, blocks: Sequence[BlockRow], facts: Sequence[FactsRow]
    ) -> None:
        def work(connection: Connection) -> None:
            block_repository.add_blocks(connection, content_id, blocks)
            block_repository.add_facts(connection, content_id, facts)

        await self._database.write(work)
        await asyncio.sleep(0)

    async def _write_clips(self, content_id: str, clips: Sequence[ClipRow]) -> None:
        await self._database.write(lambda c: block_repository.add_clips(c, content_id, clips))

    def _read(self, content_id: str, encoding: str) -> DataFile:
        data = read_data(self._shelf.read_source(content_id), encoding)
        self._shelf.put_layout(content_id, data.layout)
        return data


def _begin_again(connection: Connection, dataset_id: int, content_id: str) -> bool:
    """Remove what an earlier try has written; false, and nothing is, where the dataset is ready already."""
    try:
        if repository.find(connection, dataset_id, lock=True).state != "importing":
            return False
    except repository.DatasetNotFound:
        raise JobCancelled from None
    block_repository.empty_content(connection, content_id)
    return True


def _job(plan: Plan, wanted: Wanted, content_id: str, dataset_id: int) -> NewJob:
    return NewJob(
        kind=IMPORT,
        subject=f"datasets/{dataset_id}",
        parameters={
            "dataset_id": dataset_id,
            "content_id": content_id,
            "encoding": wanted.encoding,
            "aliases": {str(code): alias for code, alias in plan.aliases.items()},
            "keys": None if plan.keys is None else {str(code): key for code, key in plan.keys.items()},
        },
        by=wanted.by,
        idempotency_key=plan.idempotency_key,
        request_digest=plan.request_digest,
    )


def _values(wanted: Wanted, content_id: str) -> dict[str, Any]:
    return {
        "content_id": content_id,
        "name": wanted.name,
        "state": "importing",
        "source": wanted.source,
        "tags": "[]",
        "cameras": "[]",
        "rows": 0,
        "clips": 0,
        "counts": "[]",
        "tagged": 0,
        "multiple_selection": wanted.multiple_selection,
        "autosave_changes": wanted.autosave.every_changes,
        "autosave_seconds": wanted.autosave.every_seconds,
        "revision": 0,
        "saved_revision": 0,
        "csv_path": wanted.csv_path,
        "image_folder": wanted.image_folder,
        "encoding": wanted.encoding,
        "file_stamp": None if wanted.stamp is None else wanted.stamp.as_json(),
        "conflict": False,
        "created_by": wanted.by,
        "created_at": now(),
    }


def _described(
    data: DataFile, told_aliases: dict[str, str], told_keys: dict[str, str] | None
) -> dict[str, Any]:
    """The row of a dataset with that file; names and keys are by code, as JSON has them."""
    codes = [tag.code for tag in data.tags]
    aliases = {int(code): alias for code, alias in told_aliases.items()}
    chosen = dict(zip(codes, KEYS, strict=False))
    if told_keys is not None:
        chosen = {int(code): key for code, key in told_keys.items()}
    tags = [
        Tag(code=code, alias=alias, key=chosen.get(code))
        for code, alias in zip(codes, names_for(codes, aliases), strict=True)
    ]
    return {"tags": repository.tags_to_json(tags), **shape_of(data, data.values)}


def shape_of(data: DataFile, values: NDArray[np.bool_]) -> dict[str, Any]:
    """What a dataset's row says of its content."""
    return {
        "cameras": json.dumps(data.camera_names, ensure_ascii=False),
        "rows": data.rows,
        "clips": len(data.clips.begin),
        "counts": json.dumps(np.count_nonzero(values, axis=0).tolist()),
        "tagged": int(np.count_nonzero(values.any(axis=1))),
    }


def _pack(
    data: DataFile, values: NDArray[np.bool_], numbers: range, version: int
) -> tuple[list[BlockRow], list[FactsRow]]:
    blocks, facts = [], []
    for number in numbers:
        here = slice(number * BLOCK, min((number + 1) * BLOCK, data.rows))
        bits = pack(np.ascontiguousarray(values[here].T))
        blocks.append(
            BlockRow(number, bits, pack_versions(np.full(here.stop - here.start, version, np.uint32)))
        )
        paths = "\0".join(data.paths(here.start, here.stop)).encode()
        facts.append(FactsRow(number, paths, data.camera[here].astype("<u2").tobytes()))
    return blocks, facts


def _clips(data: DataFile) -> Iterator[list[ClipRow]]:
    clips = data.clips
    begin, end, cameras = clips.begin.tolist(), clips.end.tolist(), clips.cameras.tolist()
    for first in range(0, len(begin), CLIPS_A_WRITE):
        yield [
            ClipRow(at, clips.names[at] if data.has_clips else None, begin[at], end[at], cameras[at])
            for at in range(first, min(first + CLIPS_A_WRITE, len(begin)))
        ]
