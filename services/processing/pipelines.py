"""The rules of saved pipelines: one name, one list of steps, checked when saved and when used."""

import dataclasses
import json
import re
import unicodedata
from collections.abc import Callable

from sqlalchemy import Connection

from services.processing import pipeline_repository
from services.processing.limits import PipelineLimits
from services.processing.pipeline import Pipeline, parse, read_pipeline, write_pipeline
from services.processing.pipeline_repository import PipelineRow
from shared.contracts.operations import PipelineChange, SavedPipeline
from shared.database import Database
from shared.database.types import now
from shared.errors import NotFound, PreconditionFailed, Unprocessable
from shared.events import EventLog

# Letters and digits of any language; no dot, which parts the words of an event's topic.
_NAME = re.compile(r"[^\W_][\w -]{0,99}")
Condition = Callable[[str | None], bool]
"""Whether a change may go on, by the present revision's ETag; None where there is no such pipeline."""


class PipelineNotFound(NotFound):
    """No pipeline is saved under that name."""

    code = "pipeline_not_found"
    title = "There is no such pipeline"


def etag_of(row: PipelineRow) -> str:
    """Changes with every change, and with a pipeline that is made anew under the same name."""
    return f'"{row.revision}-{int(row.created_at.timestamp() * 1_000_000)}"'


def on_wire(row: PipelineRow) -> SavedPipeline:
    """The row as it goes out."""
    values = {field: getattr(row, field) for field in PipelineRow.__slots__ if field != "steps"}
    return SavedPipeline(**values, pipeline=json.loads(row.steps))


class Pipelines:
    """Saves, finds, lists and removes pipelines."""

    def __init__(self, database: Database, log: EventLog, limits: PipelineLimits) -> None:
        self._database = database
        self._log = log
        self._limits = limits

    async def page(self, after: str | None, limit: int) -> list[PipelineRow]:
        """Pipelines by name."""
        return await self._database.read(lambda c: pipeline_repository.page(c, after, limit))

    async def get(self, name: str) -> PipelineRow:
        """The pipeline of that name. Raises PipelineNotFound."""
        normal = unicodedata.normalize("NFC", name)
        if _NAME.fullmatch(normal) is None:
            raise PipelineNotFound(_MISSING.format(name[:100]))
        return _need(await self._database.read(lambda c: pipeline_repository.find(c, normal)), normal)

    async def resolve(self, name: str) -> Pipeline:
        """The steps of a saved pipeline, to be run. Raises PipelineNotFound, and what `parse` raises."""
        return read_pipeline((await self.get(name)).steps, self._limits)

    async def save(
        self, name: str, wanted: PipelineChange, by: str, condition: Condition
    ) -> tuple[PipelineRow, bool]:
        """The pipeline, and whether it is new; saving the same again changes nothing.

        Raises Unprocessable `invalid_name`, InvalidPipeline, UnknownOperation, PreconditionFailed.
        """
        name = _checked(name)
        steps = write_pipeline(parse(wanted.pipeline, self._limits))
        moment = now()

        def work(connection: Connection) -> tuple[PipelineRow, bool]:
            new = PipelineRow(name, wanted.description, steps, 1, by, moment, moment)
            present = pipeline_repository.find(connection, name, lock=True)
            _hold(condition, present)
            if present is None and pipeline_repository.add(connection, new):
                self._tell(connection, "created", new, by)
                return new, True
            present = present or _need(pipeline_repository.find(connection, name, lock=True), name)
            _hold(condition, present)
            if (present.description, present.steps) == (new.description, new.steps):
                return present, False
            changed = dataclasses.replace(
                present,
                description=new.description,
                steps=steps,
                revision=present.revision + 1,
                updated_at=moment,
            )
            pipeline_repository.replace(connection, changed)
            self._tell(connection, "updated", changed, by)
            return changed, False

        return await self._database.write(work)

    async def remove(self, name: str, by: str, condition: Condition) -> None:
        """Forget a pipeline; jobs that use it go on. Raises PipelineNotFound, PreconditionFailed."""
        name = (await self.get(name)).name

        def work(connection: Connection) -> None:
            row = _need(pipeline_repository.find(connection, name, lock=True), name)
            _hold(condition, row)
            pipeline_repository.remove(connection, name)
            self._tell(connection, "deleted", row, by)

        await self._database.write(work)

    def _tell(self, connection: Connection, verb: str, row: PipelineRow, by: str) -> None:
        data = {**on_wire(row).model_dump(mode="json"), "by": by}
        self._log.append(connection, f"pipeline.{verb}", f"pipelines/{row.name}", data)


_MISSING = "no pipeline is named {!r}"


def _need(row: PipelineRow | None, name: str) -> PipelineRow:
    if row is None:
        raise PipelineNotFound(_MISSING.format(name))
    return row


def _hold(condition: Condition, row: PipelineRow | None) -> None:
    if not condition(None if row is None else etag_of(row)):
        raise PreconditionFailed("the pipeline is not as the request expects it")


def _checked(name: str) -> str:
    normal = unicodedata.normalize("NFC", name)
    if _NAME.fullmatch(normal) is None or normal != normal.strip():
        raise Unprocessable(
            "a name has 1 to 100 letters, digits, spaces, `_` and `-`, and begins with a letter or digit",
            code="invalid_name",
        )
    return normal
