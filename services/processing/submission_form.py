"""The body of POST /v1/jobs: a form with images, or JSON with names of the image store."""

import asyncio
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from starlette.types import Receive, Scope

from services.processing.item_row import NewItem, Stored
from services.processing.job_spec import JobSpec
from services.processing.parts import Parts
from services.processing.pipeline import InvalidPipeline, parse, write_pipeline
from services.processing.render import read_output
from services.processing.result_names import Stems, plain_name
from shared.contracts.processing import JobOptions, JobRequest
from shared.errors import BadRequest, DarkroomError, TooLarge, Unprocessable
from shared.imaging import UnsupportedFormat, sniff
from shared.web.bodies import read_whole
from shared.web.multipart import Part, read_parts
from shared.web.problems import faults

AT_ONCE = 8  # small uploads on their way to the disk; larger ones go one after the other
HEAD = 256
UNKNOWN_TYPE = "application/octet-stream"
JSON_FIELDS = frozenset({"pipeline", "overrides"})
TEXT_FIELDS = JSON_FIELDS | {"pipeline_name", "format", "quality", "store_results"}


@dataclass(slots=True)
class Asked:
    """What a body asked for, its bytes stored under `keys`."""

    folder: str = field(default_factory=lambda: uuid.uuid4().hex)
    items: list[NewItem] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    stems: Stems = field(default_factory=Stems)
    storing: set["asyncio.Task[None]"] = field(default_factory=set)


async def read_json(parts: Parts, scope: Scope, receive: Receive) -> Asked:
    """The names in a JSON body. Raises BadRequest, TooLarge, Unprocessable."""
    body = await read_whole(scope, receive, parts.settings.json_body_bytes)
    try:
        request = JobRequest.model_validate_json(body)
    except ValidationError as error:
        raise _invalid(error) from None
    asked = Asked(fields=request.model_dump(exclude={"images"}, exclude_unset=True))
    for name in request.images:
        _check_count(parts, asked)
        stem = asked.stems.make(plain_name(name, len(asked.items)))
        asked.items.append(NewItem(name, stem, image_name=name))
    return asked


async def read_form(parts: Parts, scope: Scope, receive: Receive, asked: Asked) -> None:
    """A form's images, stored as they come, and its fields. Raises as `read_json`, and OSError."""
    settings = parts.settings
    try:
        async for part in read_parts(
            scope,
            receive,
            folder=parts.blobs.staging,
            part_limit=settings.image_bytes,
            body_limit=settings.batch_bytes,
        ):
            if part.filename is None:
                _take_field(asked, part, settings.json_body_bytes)
            elif part.filename or (part.staged and part.staged.size):
                _check_count(parts, asked)
                await _take_image(parts, asked, part)
        await _settle(asked, 0)
    finally:
        for task in asked.storing:
            task.cancel()
        await asyncio.gather(*asked.storing, return_exceptions=True)
    if not asked.items:
        raise Unprocessable("the form holds no image", code="no_files")


def _check_count(parts: Parts, asked: Asked) -> None:
    most = parts.settings.job_items
    if len(asked.items) >= most:
        raise Unprocessable(f"a job has at most {most} images", code="too_many_images", limit=most)


def _take_field(asked: Asked, part: Part, limit: int) -> None:
    if part.staged is None or part.staged.data is None or part.staged.size > limit:
        raise TooLarge(f"the field {part.field[:100]} may have at most {limit} bytes", limit=limit)
    if part.field not in TEXT_FIELDS:
        raise Unprocessable(
            f"there is no field {part.field[:100]!r}; there are images, {', '.join(sorted(TEXT_FIELDS))}",
            code="unknown_field",
        )
    try:
        text = part.staged.data.decode()
        if text:
            asked.fields[part.field] = json.loads(text) if part.field in JSON_FIELDS else text
    except (ValueError, RecursionError):
        raise BadRequest(f"the field {part.field} is not valid JSON", code="invalid_json") from None


async def _take_image(parts: Parts, asked: Asked, part: Part) -> None:
    """Small images are stored beside each other while the next ones come."""
    index = len(asked.items)
    name = plain_name(part.filename, index)
    stem = asked.stems.make(name)
    staged = part.staged
    if staged is None:
        refusal = part.refusal or TooLarge("the image is too large")
        error = {"code": refusal.code, "detail": refusal.detail}
        asked.items.append(NewItem(name, stem, error=error))
        return
    key = JobSpec("", read_output(None), asked.folder).original_key(index)
    asked.keys.append(key)
    if staged.data is None:
        assert staged.path is not None
        with staged.path.open("rb") as file:
            head = file.read(HEAD)
        await parts.store_pool.run(parts.blobs.put, key, staged.path)
    else:
        head = staged.data[:HEAD]
        await _settle(asked, AT_ONCE - 1)
        asked.storing.add(asyncio.create_task(parts.store_pool.run(parts.blobs.put, key, staged.data)))
    original = Stored(key, staged.size, staged.sha256, _media_type(head))
    asked.items.append(NewItem(name, stem, original=original))


async def _settle(asked: Asked, most: int) -> None:
    """Wait until at most so many images are on their way. Raises what the store raised."""
    while len(asked.storing) > most:
        done, _ = await asyncio.wait(asked.storing, return_when=asyncio.FIRST_COMPLETED)
        asked.storing -= done
        for task in done:
            task.result()


def _media_type(head: bytes) -> str:
    try:
        return sniff(head).media_type
    except UnsupportedFormat:
        return UNKNOWN_TYPE


async def specify(parts: Parts, asked: Asked) -> tuple[JobSpec, list[NewItem], bool]:
    """What the fields say: the job, its items with their own pipelines, and whether results are stored.

    Raises Unprocessable for what no job can be made of.
    """
    try:
        options = JobOptions.model_validate(asked.fields)
    except ValidationError as error:
        raise _invalid(error) from None
    if (options.pipeline is None) == (options.pipeline_name is None):
        raise InvalidPipeline("give either `pipeline`, a list of steps, or `pipeline_name`")
    limits = parts.settings.limits
    if options.pipeline_name is not None:
        pipeline = await parts.pipelines.resolve(options.pipeline_name)
    else:
        pipeline = parse(options.pipeline or [], limits)
    spec = JobSpec(write_pipeline(pipeline), read_output(options.format, options.quality), asked.folder)
    items = list(asked.items)
    for index, steps in options.overrides.items():
        if not 0 <= index < len(items):
            raise Unprocessable(f"overrides: there is no image {index}", code="validation_failed")
        own = _named(index, lambda steps=steps: write_pipeline(parse(steps, limits)))  # type: ignore[misc]
        items[index] = _with_pipeline(items[index], own if own != spec.pipeline else None)
    return spec, items, options.store_results


def _named(index: int, work: Callable[[], str]) -> str:
    try:
        return work()
    except DarkroomError as error:
        error.detail = f"overrides, image {index}: {error.detail}"
        raise


def _with_pipeline(item: NewItem, pipeline: str | None) -> NewItem:
    return NewItem(item.name, item.stem, pipeline, item.original, item.image_name, item.error)


def _invalid(error: ValidationError) -> DarkroomError:
    found = error.errors(include_url=False)
    if any(fault["type"] == "json_invalid" for fault in found):
        return BadRequest("the body is not valid JSON", code="invalid_json")
    told = faults(found)
    where = ".".join(str(part) for part in told[0]["where"])  # type: ignore[attr-defined]
    return Unprocessable(f"{where}: {told[0]['what']}", code="validation_failed", errors=told)
