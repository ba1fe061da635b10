"""All SQL on datasets. Every call is inside a transaction."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, RowMapping, case, delete, func, insert, or_, select, update

from services.tagging.tables import datasets
from shared.contracts.tagging import Tag
from shared.errors import NotFound


class DatasetNotFound(NotFound):
    """No dataset has that id."""

    code = "dataset_not_found"
    title = "There is no such dataset"


@dataclass(frozen=True, slots=True)
class FileStamp:
    """How a file that we wrote looks on the disk. The digest, SHA-256, decides where the rest differs."""

    size: int
    modified_ns: int
    inode: int
    digest: str

    def as_json(self) -> str:
        """For the row."""
        return json.dumps([self.size, self.modified_ns, self.inode, self.digest])


def _stamp_of(text: str | None) -> FileStamp | None:
    return None if text is None else FileStamp(*json.loads(text))


@dataclass(frozen=True, slots=True)
class DatasetRow:
    """A dataset as its row says."""

    id: int
    name: str
    state: str
    source: str
    tags: tuple[Tag, ...]
    cameras: tuple[str, ...]
    rows: int
    clips: int
    counts: tuple[int, ...]
    tagged: int
    multiple_selection: bool
    autosave_changes: int | None
    autosave_seconds: float | None
    revision: int
    saved_revision: int
    saved_at: datetime | None
    csv_path: str
    image_folder: str
    encoding: str
    content_id: str
    file_stamp: FileStamp | None
    next_stamp: FileStamp | None
    conflict: bool
    created_by: str
    created_at: datetime
    job_id: int | None

    @property
    def codes(self) -> list[str]:
        """The tags' codes, as they are written in JSON, in the order of the columns."""
        return [str(tag.code) for tag in self.tags]


OWN = ("save_owner", "save_until")


def _dataset_of(row: RowMapping) -> DatasetRow:
    known = {name: value for name, value in row.items() if name not in OWN}
    known["tags"] = tags_from_json(row["tags"])
    known["cameras"] = tuple(json.loads(row["cameras"]))
    known["counts"] = tuple(json.loads(row["counts"]))
    known["file_stamp"] = _stamp_of(row["file_stamp"])
    known["next_stamp"] = _stamp_of(row["next_stamp"])
    return DatasetRow(**known)


def tags_to_json(tags: Sequence[Tag]) -> str:
    """Tags as the row holds them."""
    return json.dumps([[tag.code, tag.alias, tag.key] for tag in tags], ensure_ascii=False)


def tags_from_json(text: str) -> tuple[Tag, ...]:
    """Tags out of a row."""
    return tuple(
        Tag.model_construct(code=code, alias=alias, key=key) for code, alias, key in json.loads(text)
    )


def add(connection: Connection, values: Mapping[str, Any]) -> int:
    """A new dataset's id."""
    put = insert(datasets).values(dict(values)).returning(datasets.c.id)
    return cast("int", connection.execute(put).scalar_one())


def find(connection: Connection, dataset_id: int, *, lock: bool = False) -> DatasetRow:
    """Raises DatasetNotFound. `lock` keeps others from changing it until the transaction ends."""
    wanted = select(datasets).where(datasets.c.id == dataset_id)
    row = connection.execute(wanted.with_for_update() if lock else wanted).mappings().first()
    if row is None:
        raise DatasetNotFound(f"there is no dataset {dataset_id}")
    return _dataset_of(row)


def page(connection: Connection, before: int | None, limit: int) -> list[DatasetRow]:
    """Datasets, newest first, with ids below `before`."""
    wanted = select(datasets).order_by(datasets.c.id.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(datasets.c.id < before)
    return [_dataset_of(row) for row in connection.execute(wanted).mappings()]


def dirty(connection: Connection) -> list[DatasetRow]:
    """Datasets with changes that their CSV does not hold yet."""
    behind = datasets.c.revision > datasets.c.saved_revision
    return [
        _dataset_of(row)
        for row in connection.execute(select(datasets).where(datasets.c.state == "ready", behind)).mappings()
    ]


@dataclass(frozen=True, slots=True)
class Unsaved:
    """What the CSVs do not hold: changes (revisions), over how many datasets; and those in conflict."""

    changes: int
    datasets: int
    conflicts: int


def unsaved(connection: Connection) -> Unsaved:
    """Of all datasets that are ready."""
    behind = datasets.c.revision - datasets.c.saved_revision
    counted = select(
        func.coalesce(func.sum(case((behind > 0, behind), else_=0)), 0),
        func.count(case((behind > 0, 1))),
        func.count(case((datasets.c.conflict, 1))),
    ).where(datasets.c.state == "ready")
    changes, count, conflicts = connection.execute(counted).one()
    return Unsaved(int(changes), count, conflicts)


def importing(connection: Connection) -> list[DatasetRow]:
    """Datasets whose import has not made them ready."""
    wanted = select(datasets).where(datasets.c.state == "importing")
    return [_dataset_of(row) for row in connection.execute(wanted).mappings()]


def change(connection: Connection, dataset_id: int, values: Mapping[str, Any]) -> None:
    """Write some columns."""
    connection.execute(update(datasets).where(datasets.c.id == dataset_id).values(dict(values)))


def remove(connection: Connection, dataset_id: int) -> None:
    """Drop the dataset with all that belongs to it."""
    connection.execute(delete(datasets).where(datasets.c.id == dataset_id))


def remove_importing(connection: Connection, dataset_id: int) -> None:
    """Drop a dataset that is not ready yet."""
    connection.execute(delete(datasets).where(datasets.c.id == dataset_id, datasets.c.state == "importing"))


def revision(connection: Connection, dataset_id: int) -> int:
    """The dataset's revision. Raises DatasetNotFound."""
    found = connection.execute(select(datasets.c.revision).where(datasets.c.id == dataset_id)).scalar()
    if found is None:
        raise DatasetNotFound(f"there is no dataset {dataset_id}")
    return cast("int", found)


def claim_save(
    connection: Connection, dataset_id: int, owner: str, moment: datetime, until: datetime
) -> bool:
    """Whether `owner` alone may write the CSV until then; false while another one holds it."""
    free = or_(
        datasets.c.save_until.is_(None), datasets.c.save_until < moment, datasets.c.save_owner == owner
    )
    claim = update(datasets).where(datasets.c.id == dataset_id, free)
    return connection.execute(claim.values(save_owner=owner, save_until=until)).rowcount == 1


def write_if_saving(connection: Connection, dataset_id: int, owner: str, values: Mapping[str, Any]) -> bool:
    """Write some columns, if the save is still the owner's."""
    mine = update(datasets).where(datasets.c.id == dataset_id, datasets.c.save_owner == owner)
    return connection.execute(mine.values(dict(values))).rowcount == 1


def free_saves(connection: Connection) -> None:
    """Forget who was saving: for a start where no other process can be at it."""
    connection.execute(update(datasets).values(save_owner=None, save_until=None))
