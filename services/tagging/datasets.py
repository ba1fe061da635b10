"""Datasets: what there is, its rows, frames and clips; one transaction a call."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.tagging import block_repository, history_repository, repository
from services.tagging.block_repository import ClipRow
from services.tagging.columns import ColumnCache, Columns
from services.tagging.history_repository import ChangeRow
from services.tagging.repository import DatasetRow
from services.tagging.selection import resolve, select, tag_position, take
from shared.contracts.tagging import DatasetChange, RowFilter, Tag
from shared.database import Connection, Database
from shared.errors import Conflict, NotFound, Unprocessable
from shared.events import EventLog


class DatasetNotReady(Conflict):
    """The dataset is being imported, or its import failed."""

    code = "dataset_not_ready"
    title = "The dataset is not ready"


class RowNotFound(NotFound):
    """The dataset has no row of that index."""

    code = "row_not_found"
    title = "There is no such row"


@dataclass(frozen=True, slots=True)
class RowView:
    """One row as it is now; `tags` in the order of the dataset's."""

    index: int
    path: str
    clip: ClipRow
    camera: str | None
    tags: tuple[bool, ...]
    version: int


@dataclass(frozen=True, slots=True)
class RowPage:
    """Rows of a dataset, in order."""

    dataset: DatasetRow
    rows: list[RowView]
    more: bool


def need_ready(row: DatasetRow) -> DatasetRow:
    """The same row. Raises DatasetNotReady."""
    if row.state != "ready":
        raise DatasetNotReady(f"the dataset is {row.state}")
    return row


def need_row(row: DatasetRow, place: str | None) -> str:
    """The same place. Raises RowNotFound where there is none."""
    if place is None:
        raise RowNotFound(f"rows go from 0 to {row.rows - 1}")
    return place


class Datasets:
    """Reads and settings of datasets. Labels are in labelling.py, files in importing.py and mirror.py."""

    def __init__(self, database: Database, log: EventLog, columns: ColumnCache) -> None:
        self._database = database
        self._log = log
        self._columns = columns

    async def get(self, dataset_id: int) -> DatasetRow:
        """Raises DatasetNotFound."""
        return await self._database.read(lambda c: repository.find(c, dataset_id))

    async def page(self, before: int | None, limit: int) -> list[DatasetRow]:
        """Datasets, newest first."""
        return await self._database.read(lambda c: repository.page(c, before, limit))

    async def change(self, dataset_id: int, wanted: DatasetChange, by: str) -> DatasetRow:
        """Rename it, or change its keys, selection or autosave. Raises DatasetNotFound, Unprocessable."""

        def work(connection: Connection) -> DatasetRow:
            row = need_ready(repository.find(connection, dataset_id, lock=True))
            values = _changed_values(row, wanted)
            if values:
                repository.change(connection, dataset_id, values)
                self._tell(connection, "changed", dataset_id, {"by": by, "changed": sorted(values)})
            return repository.find(connection, dataset_id)

        return await self._database.write(work)

    async def delete(self, dataset_id: int, by: str) -> DatasetRow:
        """Forget the dataset; its CSV and its images stay. Raises DatasetNotFound."""

        def work(connection: Connection) -> DatasetRow:
            row = repository.find(connection, dataset_id, lock=True)
            repository.remove(connection, dataset_id)
            self._tell(connection, "deleted", dataset_id, {"by": by})
            return row

        row = await self._database.write(work)
        self._columns.forget(dataset_id)
        return row

    async def rows(self, dataset_id: int, wanted: RowFilter, begin: int, limit: int) -> RowPage:
        """Rows that fit, from `begin` on. Raises DatasetNotFound, DatasetNotReady, UnknownTag."""

        def work(connection: Connection) -> RowPage:
            row = need_ready(repository.find(connection, dataset_id))
            with self._columns.fresh(connection, row) as columns:
                found = take(select(columns, resolve(wanted, row, columns), begin=begin), limit + 1)
                shown = found[:limit]
                return RowPage(row, _views(row, columns, shown), len(found) > limit)

        return await self._database.read(work)

    async def row(self, dataset_id: int, index: int) -> tuple[DatasetRow, RowView]:
        """One row. Raises DatasetNotFound, DatasetNotReady, RowNotFound."""

        def work(connection: Connection) -> tuple[DatasetRow, RowView]:
            row = need_ready(repository.find(connection, dataset_id))
            if not 0 <= index < row.rows:
                raise RowNotFound(f"rows go from 0 to {row.rows - 1}")
            with self._columns.fresh(connection, row) as columns:
                return row, _views(row, columns, [index])[0]

        return await self._database.read(work)

    async def place(self, dataset_id: int, index: int) -> tuple[DatasetRow, str]:
        """Where the image of a row lies. Raises DatasetNotFound, DatasetNotReady, RowNotFound."""
        row, places = await self.places(dataset_id, [index])
        return row, need_row(row, places[index])

    async def places(
        self, dataset_id: int, indices: Sequence[int]
    ) -> tuple[DatasetRow, dict[int, str | None]]:
        """Where images lie, None for rows that are not. Raises DatasetNotFound, DatasetNotReady."""

        def work(connection: Connection) -> tuple[DatasetRow, dict[int, str | None]]:
            row = need_ready(repository.find(connection, dataset_id))
            paths = self._columns.find(connection, row).paths
            return row, {index: paths.of(index) if 0 <= index < row.rows else None for index in indices}

        return await self._database.read(work)

    async def frames(
        self, dataset_id: int, clip: int | None, begin: int, limit: int
    ) -> tuple[DatasetRow, list[tuple[ClipRow, int, list[RowView]]], int | None]:
        """Frames from the one of row `begin` on: clip, number in it, rows; and where the next one begins."""

        def work(
            connection: Connection,
        ) -> tuple[DatasetRow, list[tuple[ClipRow, int, list[RowView]]], int | None]:
            row = need_ready(repository.find(connection, dataset_id))
            with self._columns.fresh(connection, row) as columns:
                spans, following = _frame_spans(columns, clip, begin, limit)
                wanted = [index for _, _, first, last in spans for index in range(first, last)]
                views = {view.index: view for view in _views(row, columns, wanted)}
            frames = [
                (of, number, [views[i] for i in range(first, last)]) for of, number, first, last in spans
            ]
            return row, frames, following

        return await self._database.read(work)

    async def clips(self, dataset_id: int, after: int, limit: int) -> list[ClipRow]:
        """Clips in order. Raises DatasetNotFound, DatasetNotReady."""

        def work(connection: Connection) -> list[ClipRow]:
            row = need_ready(repository.find(connection, dataset_id))
            return block_repository.read_clips(connection, row.content_id, after, limit)

        return await self._database.read(work)

    async def history(
        self, dataset_id: int, *, before: int | None, limit: int, by: str | None
    ) -> list[ChangeRow]:
        """Changes, newest first. Raises DatasetNotFound."""

        def work(connection: Connection) -> list[ChangeRow]:
            repository.find(connection, dataset_id)
            return history_repository.page(connection, dataset_id, before=before, limit=limit, by=by)

        return await self._database.read(work)

    def _tell(self, connection: Connection, what: str, dataset_id: int, data: dict[str, Any]) -> None:
        told = {"dataset": dataset_id, **data}
        self._log.append(connection, f"dataset.{what}", f"datasets/{dataset_id}", told)


def _changed_values(row: DatasetRow, wanted: DatasetChange) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if wanted.name is not None:
        values["name"] = wanted.name
    if wanted.multiple_selection is not None:
        values["multiple_selection"] = wanted.multiple_selection
    if wanted.autosave is not None:
        values["autosave_changes"] = wanted.autosave.every_changes
        values["autosave_seconds"] = wanted.autosave.every_seconds
    if wanted.keys:
        values["tags"] = repository.tags_to_json(_with_keys(row, wanted.keys))
    return values


def _with_keys(row: DatasetRow, keys: dict[str, str | None]) -> list[Tag]:
    """The tags with those keys. Raises UnknownTag, and Unprocessable for one key of two tags."""
    places = {tag_position(row.codes, code): key for code, key in keys.items()}
    tags = [
        Tag(code=tag.code, alias=tag.alias, key=places.get(place, tag.key))
        for place, tag in enumerate(row.tags)
    ]
    used = [tag.key for tag in tags if tag.key is not None]
    doubled = sorted({key for key in used if used.count(key) > 1})
    if doubled:
        raise Unprocessable(f"two tags have the key {doubled[0]}", code="key_taken")
    return tags


def _views(row: DatasetRow, columns: Columns, wanted: Sequence[int]) -> list[RowView]:
    if not wanted:
        return []
    values = columns.values[:, wanted].T.tolist()
    versions = columns.versions[wanted].tolist()
    cameras = columns.cameras[wanted].tolist()
    return [
        RowView(
            index=index,
            path=columns.paths.of(index),
            clip=columns.clip_of(index),
            camera=(row.cameras[camera] or None) if camera < len(row.cameras) else None,
            tags=tuple(tags),
            version=version,
        )
        for index, camera, tags, version in zip(wanted, cameras, values, versions, strict=True)
    ]


def _frame_spans(
    columns: Columns, clip: int | None, begin: int, limit: int
) -> tuple[list[tuple[ClipRow, int, int, int]], int | None]:
    """Clip, number, first row and row behind the last of each frame; and where the one after them begins."""
    spans: list[tuple[ClipRow, int, int, int]] = []
    at = begin
    if clip is not None and clip < len(columns.clips):
        at = max(begin, columns.clips[clip].starts)
    while at < columns.rows:
        of = columns.clip_of(at)
        if clip is not None and of.clip != clip:
            return spans, None
        for number in range((at - of.starts) // of.cameras, (of.ends - of.starts) // of.cameras):
            first = of.starts + number * of.cameras
            if len(spans) == limit:
                return spans, first
            spans.append((of, number, first, first + of.cameras))
        at = of.ends
    return spans, None
