"""Rows of the database as they go over the wire."""

from services.tagging.block_repository import ClipRow
from services.tagging.datasets import RowView
from services.tagging.history_repository import ChangeRow
from services.tagging.repository import DatasetRow
from shared.contracts import tagging as wire


def dataset(row: DatasetRow) -> wire.Dataset:
    """A dataset with its counts and progress."""
    return wire.Dataset(
        id=row.id,
        name=row.name,
        state=row.state,
        source=row.source,
        tags=list(row.tags),
        cameras=list(row.cameras),
        rows=row.rows,
        clips=row.clips,
        counts=dict(zip(row.codes, row.counts, strict=True)),
        progress=wire.TaggingProgress(tagged=row.tagged, total=row.rows),
        multiple_selection=row.multiple_selection,
        autosave=wire.Autosave(every_changes=row.autosave_changes, every_seconds=row.autosave_seconds),
        revision=row.revision,
        saved_revision=max(row.saved_revision, 0),
        csv_path=row.csv_path,
        saved_at=row.saved_at,
        conflict=row.conflict,
        created_by=row.created_by,
        created_at=row.created_at,
        job=row.job_id if row.state == "importing" else None,
    )


def view(dataset_row: DatasetRow, found: RowView) -> wire.Row:
    """One row."""
    return wire.Row(
        index=found.index,
        file_path=found.path,
        clip=found.clip.name,
        camera=found.camera,
        tags=dict(zip(dataset_row.codes, found.tags, strict=True)),
        version=found.version,
    )


def frame(dataset_row: DatasetRow, of: ClipRow, number: int, rows: list[RowView]) -> wire.Frame:
    """The rows of one moment."""
    return wire.Frame(
        clip=of.name, clip_index=of.clip, frame=number, rows=[view(dataset_row, each) for each in rows]
    )


def clip(row: ClipRow) -> wire.Clip:
    """One clip."""
    return wire.Clip(index=row.clip, name=row.name, begin=row.starts, end=row.ends, cameras=row.cameras)


def change(row: ChangeRow) -> wire.HistoryEntry:
    """One change of the history."""
    return wire.HistoryEntry(
        id=row.id,
        revision=row.revision,
        kind=row.kind,
        by=row.by,
        at=row.at,
        first_row=row.summary["first"],
        last_row=row.summary["last"],
        rows=row.summary["rows"],
        cells=row.summary["cells"],
        tags=row.summary["tags"],
        undone=row.undone_at is not None,
        of=row.of,
    )


def row_etag(version: int) -> str:
    """The ETag of a row's tags."""
    return f'"{version}"'
