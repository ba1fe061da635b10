"""HTTP for what a pipeline gives on its way: an image of a job after its k-th step, rendered anew."""

import json
from dataclasses import replace
from hashlib import sha256
from typing import Annotated

from fastapi import FastAPI, Path
from starlette.types import Receive, Scope, Send

from services.processing.item_routes import BYTES, read_place
from services.processing.item_row import Item, Stored
from services.processing.job_schema import Index, JobId
from services.processing.job_spec import JobSpec, spec_of
from services.processing.parts import Parts
from services.processing.render_task import RenderTask
from services.processing.result_names import result_name
from shared.errors import NotFound
from shared.web.content import Content, content_headers, matches, send_content
from shared.web.cursors import MAX_INTEGER
from shared.web.direct import add_direct
from shared.web.middleware import find_header

Step = Annotated[int, Path(ge=1, le=MAX_INTEGER, description="how many of the pipeline's steps are done")]


class StepNotFound(NotFound):
    """The item's pipeline has fewer steps."""

    code = "step_not_found"
    title = "The pipeline has no such step"


def add_step_route(app: FastAPI, parts: Parts) -> None:
    """Add `/steps/{step}` of items. Nothing is kept of it: the original is, and a step is soon done again."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        job_id, index, step = read_place(scope, "job_id", "index", "step")
        job, item = await parts.jobs.item(job_id, index)
        if item.original is None:
            raise NotFound("the image's bytes were never had", code="original_missing")
        spec = spec_of(job)
        pipeline = _first_steps(item, spec, step)
        etag = _etag(item.original, pipeline, spec)
        task = RenderTask(b"", pipeline, spec.output, parts.settings.limits)
        known = find_header(scope, b"if-none-match")
        quoted = f'"{etag}"'.encode()
        if known is not None and matches(known, quoted):
            await send({"type": "http.response.start", "status": 304, "headers": [(b"etag", quoted)]})
            await send({"type": "http.response.body"})
            return
        await send_content(await _content(parts, item, task, etag), scope, receive, send)

    def get_step(job_id: JobId, index: Index, step: Step) -> None:
        """The image after the first so many steps, in the form of the job's results; the last is the result.

        Rendered anew each time, from the original, and also of an image that failed at a later step.
        """

    add_direct(
        app.router,
        "/v1/jobs/{job_id}/items/{index}/steps/{step}",
        serve,
        get_step,
        summary="One image after a step of its pipeline",
        tags=["jobs"],
        responses=BYTES,
    )


def _first_steps(item: Item, spec: JobSpec, count: int) -> str:
    """Raises StepNotFound."""
    steps = json.loads(item.pipeline or spec.pipeline)
    if not 1 <= count <= len(steps):
        raise StepNotFound(f"the pipeline has {len(steps)} steps, counted from 1")
    return json.dumps(steps[:count])


def _etag(original: Stored, pipeline: str, spec: JobSpec) -> str:
    """Of everything that the bytes depend on."""
    return sha256(
        f"{original.digest} {spec.output.format} {spec.output.quality} {pipeline}".encode()
    ).hexdigest()


async def _content(parts: Parts, item: Item, task: RenderTask, etag: str) -> Content:
    assert item.original is not None
    parts.renders.check_room()
    source = await parts.store_pool.run(parts.blobs.read, item.original.key)
    result = await parts.renders.run(replace(task, source=source))
    assert result is not None
    headers = content_headers(
        media_type=result.media_type,
        etag=etag,
        name=result_name(item.stem, task.pipeline, result.media_type),
        cache_control="private, max-age=0, must-revalidate",
    )
    return Content(len(result.content), f'"{etag}"'.encode(), headers, data=result.content)
