"""HTTP for new datasets: a form with files, or JSON with paths or a search in the image store."""

import asyncio
from functools import partial
from pathlib import Path as FilePath
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from pydantic import ValidationError

from services.tagging import presenting
from services.tagging.intake import Begun, Caller, Uploaded
from services.tagging.parts import Parts
from shared.contracts.tagging import Dataset, NewDataset
from shared.errors import TooLarge, Unprocessable
from shared.jobs import Job, JobFailed
from shared.web.bodies import read_whole
from shared.web.caller import actor, public_base
from shared.web.json_body import parse_model
from shared.web.middleware import find_header
from shared.web.multipart import Part, read_parts
from shared.web.problems import faults

IdempotencyKey = Annotated[
    str | None, Header(max_length=255, description="the same key gives the same dataset again")
]
FORM_FIELDS = ("name", "encoding", "save_to", "multiple_selection", "every_changes", "every_seconds")
MAX_FIELD = 8192
LOOK_SECONDS = 0.02
WAIT_SECONDS = 25.0
FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "data": {"type": "string", "format": "binary", "description": "the data CSV"},
                        "meta": {"type": "string", "format": "binary", "description": "the metadata CSV"},
                        **{field: {"type": "string"} for field in FORM_FIELDS},
                    },
                    "required": ["data"],
                }
            },
            "application/json": {"schema": {"$ref": "#/components/schemas/NewDataset"}},
        },
    }
}


def intake_router(parts: Parts) -> APIRouter:
    """Where datasets come from."""
    router = APIRouter(tags=["datasets"])

    @router.post(
        "/v1/datasets",
        status_code=201,
        summary="Import a CSV, or make a dataset of images of the image store",
        openapi_extra=FORM,
        responses={202: {"model": Dataset, "description": "A large file: the job of Location imports it"}},
    )
    async def create_dataset(
        request: Request, response: Response, idempotency_key: IdempotencyKey = None
    ) -> Dataset:
        """As a form with the files, or as JSON with paths below the roots, or a search in the image store.

        201 when the dataset is ready; 202 for a large file, with the job that imports it.
        """
        caller = Caller(actor(request.scope), idempotency_key)
        kind = (find_header(request.scope, b"content-type") or b"").lower()
        begun = await (_from_form if kind.startswith(b"multipart/") else _from_json)(parts, request, caller)
        parts.runner.wake()
        job = await _ended(parts, begun.job) if begun.small else begun.job
        if job.state == "failed":
            raise JobFailed(job)
        row = await parts.datasets.get(begun.dataset_id)
        base = public_base(request.scope)
        if row.state != "ready":
            response.status_code = 202
            response.headers["Location"] = f"{base}/v1/jobs/{job.id}"
        else:
            response.headers["Location"] = f"{base}/v1/datasets/{row.id}"
            parts.autosave.learn(row)
        return presenting.dataset(row)

    return router


async def _ended(parts: Parts, job: Job) -> Job:
    """The job when it has ended, or as it is when that takes too long."""
    for _ in range(int(WAIT_SECONDS / LOOK_SECONDS)):
        if job.ended:
            break
        await asyncio.sleep(LOOK_SECONDS)
        job = await parts.database.read(partial(parts.board.find, job_id=job.id))
    return job


async def _from_json(parts: Parts, request: Request, caller: Caller) -> Begun:
    body = await read_whole(request.scope, request.receive, parts.settings.json_body_bytes)
    wanted = parse_model(NewDataset, body)
    if wanted.images is not None:
        return await parts.intake.collect(wanted, caller)
    return await parts.intake.open(wanted, caller)


async def _from_form(parts: Parts, request: Request, caller: Caller) -> Begun:
    files: dict[str, tuple[str, bytes | FilePath, int, str]] = {}
    fields: dict[str, str] = {}
    kept: list[FilePath] = []
    settings = parts.settings
    try:
        async for part in read_parts(
            request.scope,
            request.receive,
            folder=parts.blobs.staging,
            part_limit=settings.csv_bytes,
            body_limit=settings.csv_bytes + settings.meta_bytes + len(FORM_FIELDS) * MAX_FIELD,
        ):
            _take_part(part, files, fields, kept, settings.meta_bytes)
        if "data" not in files:
            raise Unprocessable("the form has no file `data`", code="no_data")
        name, data, size, digest = files["data"]
        meta = files["meta"][1] if "meta" in files else None
        uploaded = Uploaded(name, data, size, digest, meta if isinstance(meta, bytes) else None)
        return await parts.intake.upload(uploaded, _wanted(fields), caller)
    finally:
        for each in kept:
            each.unlink(missing_ok=True)


def _take_part(
    part: Part,
    files: dict[str, tuple[str, bytes | FilePath, int, str]],
    fields: dict[str, str],
    kept: list[FilePath],
    meta_limit: int,
) -> None:
    """Keep a part, whose own file goes when the next one is read."""
    if part.staged is None:
        raise part.refusal or Unprocessable("a part could not be read")
    staged = part.staged
    if part.field in files or part.field in fields:
        raise Unprocessable(f"the form has {part.field!r} twice", code="doubled_field")
    if part.field in ("data", "meta"):
        if part.field == "meta" and (staged.size > meta_limit or staged.data is None):
            raise TooLarge(f"a metadata file may have at most {meta_limit} bytes", limit=meta_limit)
        source: bytes | FilePath | None = staged.data
        if staged.path is not None:
            source = staged.path.with_name(f"{staged.path.name}.kept")
            source.hardlink_to(staged.path)
            kept.append(source)
        assert source is not None
        files[part.field] = (part.filename or "", source, staged.size, staged.sha256)
    elif part.field in FORM_FIELDS and staged.data is not None and staged.size <= MAX_FIELD:
        fields[part.field] = staged.data.decode("utf-8", "replace")
    else:
        raise Unprocessable(f"the form has no field {part.field[:100]!r}", code="unknown_field")


def _wanted(fields: dict[str, str]) -> NewDataset:
    """The form's fields as a JSON request would have them."""
    autosave = {key: fields.pop(key) for key in ("every_changes", "every_seconds") if fields.get(key)}
    plain = {key: value for key, value in fields.items() if value}
    try:
        checked = NewDataset.model_validate({**plain, "data_path": "upload", "autosave": autosave})
    except ValidationError as error:
        told = faults(error.errors(include_url=False, include_context=False, include_input=False))
        raise Unprocessable(str(told[0]["what"]), code="validation_failed", errors=told) from None
    return checked.model_copy(update={"data_path": None})
