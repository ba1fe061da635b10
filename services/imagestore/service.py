"""The catalogue's rules: one transaction a call, with its event inside."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from services.imagestore import repository
from services.imagestore.landmark_repository import Landmarks, landmarks
from services.imagestore.names import clean_name
from services.imagestore.repository import Facts, ImageRow, Search, VersionRow
from services.imagestore.tables import events
from shared.contracts.imagestore import ImageChange, ImageFacts
from shared.database import Database
from shared.database.types import now
from shared.errors import Conflict, NotFound, PreconditionFailed, Unprocessable
from shared.events import EventLog
from shared.workers import WorkerPool

MAX_TAGS = 200
PURGED_AT_ONCE = 200  # in one write: others wait for it
T = TypeVar("T")
Stored = Literal["created", "updated", "unchanged"]
ATTEMPTS = 5


class ImageNotFound(NotFound):
    """No image has that name."""

    code = "image_not_found"
    title = "There is no image of that name"


class NameTaken(Conflict):
    """Another image has the name already."""

    code = "name_taken"
    title = "Another image has this name"


class BlobVanished(Exception):
    """Raised inside a transaction when the bytes it would name are being swept: store them again."""


@dataclass(frozen=True, slots=True)
class Precondition:
    """What an upload demands of the name's present digest: to match (If-Match), or not (If-None-Match)."""

    matching: Callable[[str], bool] | None = None
    not_matching: Callable[[str], bool] | None = None

    def check(self, row: ImageRow | None) -> None:
        """Raises PreconditionFailed where it does not hold."""
        if self.not_matching is not None and row is not None and self.not_matching(row.facts.digest):
            raise PreconditionFailed("an image of this name is there already")
        if self.matching is not None and (row is None or not self.matching(row.facts.digest)):
            raise PreconditionFailed("the image has other content by now, or is gone")


ANY = Precondition()


@dataclass(frozen=True, slots=True)
class Naming:
    """A name that is to stand for content, and who wants that.

    `blob_is_new`: the bytes were stored for this very call, rather than found; a sweeper may have taken
    them for strays since, unless `still_stored` says that they are there.
    """

    name: str
    facts: Facts
    precondition: Precondition
    by: str
    blob_is_new: bool
    still_stored: Callable[[], bool]


def facts_of(row: ImageRow) -> ImageFacts:
    """The row as it goes over the wire, without URLs."""
    return ImageFacts(**fact_fields(row))


def fact_fields(row: ImageRow) -> dict[str, Any]:
    """The values of ImageFacts."""
    facts = row.facts
    return {
        "name": row.name,
        "size": facts.size,
        "digest": f"sha256:{facts.digest}",
        "media_type": facts.media_type,
        "width": facts.width,
        "height": facts.height,
        "taken_at": facts.taken_at,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "version": row.version,
        "tags": list(row.tags),
    }


class Catalogue:
    """Names, contents, labels and the trash. Every call is for `by`, the name of the caller's key."""

    def __init__(self, database: Database, trash_days: float) -> None:
        self._database = database
        self._trash_kept = timedelta(days=trash_days)
        self.log = EventLog("imagestore", events)

    async def record(self, prepare: Callable[[], Naming], pool: WorkerPool) -> tuple[Stored, ImageRow]:
        """Let a name stand for content, whose bytes are stored by `prepare`, in a thread of the pool.

        Raises BlobVanished when the sweeper took them meanwhile, PreconditionFailed, and what `prepare` does.
        """
        naming: Naming | None = None

        def store() -> Callable[[Connection], tuple[Stored, ImageRow]]:
            nonlocal naming
            naming = naming or prepare()
            return partial(self._record, naming)

        for attempt in range(ATTEMPTS):
            try:
                return await self._database.write_after(pool, store)
            except NameTaken:  # another replica took the name and gave it free again at this moment
                if attempt == ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")

    def _record(self, naming: Naming, connection: Connection) -> tuple[Stored, ImageRow]:
        name, facts, precondition, moment = naming.name, naming.facts, naming.precondition, now()
        if precondition.matching is None:  # most names are new, and there is nothing to look at then
            row = repository.add(connection, name, facts, moment)
            if row is not None:
                self._name_blob(connection, naming, moment)
                self._tell(connection, "created", row, naming.by)
                return "created", row
        row = repository.find(connection, name, lock=True)
        precondition.check(row)
        if row is None:
            raise NameTaken(f"another image was named {name} at this moment")
        if row.facts.digest == facts.digest:
            return "unchanged", row
        self._name_blob(connection, naming, moment)
        row = repository.add_version(connection, row, facts, moment)
        self._tell(connection, "updated", row, naming.by)
        return "updated", row

    def _name_blob(self, connection: Connection, naming: Naming, moment: datetime) -> None:
        """Have the blob's row, and keep the sweeper from it. Raises BlobVanished."""
        facts = naming.facts
        if naming.blob_is_new and repository.add_blob(connection, facts.digest, facts.size, moment):
            # From here no sweeper marks them; one that did before has left nothing but their absence.
            if not naming.still_stored():
                raise BlobVanished
            return
        if repository.blob_state(connection, facts.digest, lock=True) != "live":
            raise BlobVanished  # it is doomed, or its mark came or went meanwhile: look again

    async def get(self, name: str) -> ImageRow:
        """The image of that name. Raises ImageNotFound."""
        return await self._database.read(lambda c: _need(repository.find(c, name), name))

    async def content(self, name: str, digest: str | None = None) -> Facts:
        """The present content of the name, or the earlier one with that digest. Raises ImageNotFound."""
        return await self._database.read(lambda c: _need(repository.find_content(c, name, digest), name))

    def content_now(self, name: str, digest: str | None = None) -> Facts:
        """The same as `content`, for code that is in a thread of its own already."""
        return self._database.read_now(lambda c: _need(repository.find_content(c, name, digest), name))

    async def search(self, wanted: Search) -> list[ImageRow]:
        """Images that fit, in order."""
        return await self._database.read(lambda c: repository.search(c, wanted))

    async def landmarks(self, wanted: Search, every: int, name: str | None) -> Landmarks:
        """Where the pages of the whole search begin, and where the image of a name stands in it."""
        return await self._database.read(lambda c: landmarks(c, wanted, every, name))

    async def find_many(self, names: Sequence[str]) -> dict[str, ImageRow]:
        """The images that there are among the names."""
        return await self._database.read(lambda c: repository.find_many(c, names))

    async def tag_counts(self) -> list[tuple[str, int]]:
        """Every label, with how many images carry it."""
        return await self._database.read(repository.tag_counts)

    async def versions(self, name: str) -> tuple[ImageRow, list[VersionRow]]:
        """The image, and every content it has had, newest first. Raises ImageNotFound."""

        def work(connection: Connection) -> tuple[ImageRow, list[VersionRow]]:
            row = _need(repository.find(connection, name), name)
            return row, repository.version_rows(connection, row)

        return await self._database.read(work)

    async def change(
        self, name: str, wanted: ImageChange, matching: Callable[[ImageRow], bool] | None, by: str
    ) -> ImageRow:
        """Rename or relabel. Raises ImageNotFound, NameTaken, PreconditionFailed."""
        new_name = None if wanted.name is None else clean_name(wanted.name)
        with _names_kept_apart():
            return await self._database.write(lambda c: self._change(c, name, new_name, wanted, matching, by))

    def _change(
        self,
        connection: Connection,
        name: str,
        new_name: str | None,
        wanted: ImageChange,
        matching: Callable[[ImageRow], bool] | None,
        by: str,
    ) -> ImageRow:
        row = _need(repository.find(connection, name, lock=True), name)
        if matching is not None and not matching(row):
            raise PreconditionFailed("the image has changed meanwhile")
        before = row
        labels = set(row.tags if wanted.tags is None else wanted.tags)
        labels = (labels | set(wanted.add_tags)) - set(wanted.remove_tags)
        if len(labels) > MAX_TAGS:
            raise Unprocessable(f"an image has at most {MAX_TAGS} tags", code="too_many_tags")
        row = repository.set_tags(connection, row, labels)
        extra: dict[str, Any] = {}
        if new_name is not None and new_name != name:
            self._check_free(connection, new_name)
            row = repository.change(connection, row, name=new_name)
            extra["earlier_name"] = name
        if row == before:
            return row
        row = repository.change(connection, row, updated_at=now())
        self._tell(connection, "updated", row, by, **extra)
        return row

    async def delete(self, name: str, by: str) -> ImageRow:
        """Move the image to the trash. Raises ImageNotFound."""

        def work(connection: Connection) -> ImageRow:
            row = _need(repository.find(connection, name, lock=True), name)
            row = repository.change(connection, row, deleted_at=now())
            self._tell(connection, "deleted", row, by)
            return row

        return await self._database.write(work)

    async def trash(
        self, before: tuple[datetime, int] | None, limit: int, name: str | None = None
    ) -> list[ImageRow]:
        """Deleted images, of one name if it is given: what was deleted last first."""
        return await self._database.read(lambda c: repository.trashed(c, before, limit, name))

    async def trashed(self, image_id: int) -> ImageRow:
        """The deleted image of that id. Raises ImageNotFound."""
        return await self._database.read(lambda c: _need(repository.find_trashed(c, image_id), str(image_id)))

    def kept_until(self, row: ImageRow) -> datetime:
        """When a deleted image goes for good."""
        assert row.deleted_at is not None
        return row.deleted_at + self._trash_kept

    async def restore(self, image_id: int, name: str | None, by: str) -> ImageRow:
        """Bring a deleted image back. Raises ImageNotFound, NameTaken."""
        wanted = None if name is None else clean_name(name)

        def work(connection: Connection) -> ImageRow:
            row = _need(repository.find_trashed(connection, image_id), str(image_id))
            self._check_free(connection, wanted or row.name)
            row = repository.change(
                connection, row, name=wanted or row.name, deleted_at=None, updated_at=now()
            )
            self._tell(connection, "restored", row, by)
            return row

        with _names_kept_apart():
            return await self._database.write(work)

    async def purge(self, image_id: int, by: str) -> None:
        """Forget a deleted image at once. Raises ImageNotFound."""

        def work(connection: Connection) -> None:
            row = _need(repository.find_trashed(connection, image_id), str(image_id))
            repository.purge(connection, [row.id])
            self._tell(connection, "purged", row, by)

        await self._database.write(work)

    async def purge_expired(self) -> int:
        """Forget what has been in the trash for its time, a part of it; returns how many images."""
        return await self._purge_before(now() - self._trash_kept, "sweeper")

    async def empty_trash(self, by: str) -> int:
        """Forget all that is in the trash now, part by part; returns how many images."""
        moment, gone = now(), 0
        while part := await self._purge_before(moment, by):
            gone += part
        return gone

    async def _purge_before(self, moment: datetime, by: str) -> int:
        def work(connection: Connection) -> int:
            rows = repository.expired_trash(connection, moment, PURGED_AT_ONCE)
            repository.purge(connection, [row.id for row in rows])
            for row in rows:
                self._tell(connection, "purged", row, by)
            return len(rows)

        return await self._database.write(work)

    def _check_free(self, connection: Connection, name: str) -> None:
        if repository.find(connection, name) is not None:
            raise NameTaken(f"an image named {name} is there already")

    def _tell(self, connection: Connection, verb: str, row: ImageRow, by: str, **extra: Any) -> None:
        data = facts_of(row).model_dump(mode="json")
        self.log.append(connection, f"image.{verb}", f"images/{row.name}", {**data, **extra, "by": by})


@contextmanager
def _names_kept_apart() -> Iterator[None]:
    """Another replica may take a name between our look and our write: the index tells."""
    try:
        yield
    except IntegrityError:
        raise NameTaken("an image of that name is there already") from None


def _need(found: T | None, name: str) -> T:
    if found is None:
        raise ImageNotFound(f"no image is named {name}")
    return found
