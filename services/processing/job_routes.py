"""HTTP for jobs: submit, list, look at, cancel, try again, store."""

from typing import Annotated, Any, cast

from fastapi import APIRouter, Header, Path, Query, Request, Response

from services.processing import job_presenting, submission_form
from services.processing.jobs import Submission
from services.processing.parts import Parts
from services.processing.render import OUTPUT_FORMATS
from services.processing.submission_form import Asked
from shared.contracts.pages import Page
from shared.contracts.processing import ItemState, JobItem, JobRequest, ProcessingJob, ProcessingJobDetail
from shared.jobs import JobState
from shared.web.caller import actor, public_base
from shared.web.cursors import MAX_INTEGER, decode_cursor, encode_cursor
from shared.web.middleware import find_header

MAX_WAIT = 25  # seconds; the gateway waits 30 for an answer to begin
JobId = Annotated[int, Path(ge=1, le=MAX_INTEGER)]
Index = Annotated[int, Path(ge=0, le=1_000_000, description="the image's place in the upload, from 0")]
Cursor = Annotated[str | None, Query(description="next_cursor of the page before")]
Wait = Annotated[float, Query(ge=0, le=MAX_WAIT, description="seconds to wait for the end of it")]
Limit = Annotated[int, Query(ge=1, le=1000)]
_TEXT = {"type": "string", "contentMediaType": "application/json"}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "images": {"type": "array", "items": {"type": "string", "format": "binary"}},
                        "pipeline": {**_TEXT, "examples": ['[{"operation": "edge_detection"}]']},
                        "pipeline_name": {"type": "string", "description": "a saved one, instead"},
                        "overrides": {**_TEXT, "examples": ['{"2": [{"operation": "denoise"}]}']},
                        "format": {"type": "string", "enum": [*OUTPUT_FORMATS]},
                        "quality": {"type": "integer", "minimum": 1, "maximum": 100},
                        "store_results": {"type": "string", "enum": ["true", "false"]},
                    },
                    "required": ["images"],
                }
            },
            "application/json": {"schema": JobRequest.model_json_schema()},
        },
    }
}
ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {"headers": {"Location": {"schema": {"type": "string"}, "description": "the job"}}}
}


def job_router(parts: Parts) -> APIRouter:
    """Jobs as a whole."""
    router = APIRouter(tags=["jobs"])

    @router.post(
        "/v1/jobs", status_code=202, summary="Process many images", openapi_extra=BODY, responses=ACCEPTED
    )
    async def submit_job(
        request: Request,
        response: Response,
        idempotency_key: Annotated[
            str | None, Header(max_length=255, description="sent again with the same job, gives that job")
        ] = None,
    ) -> ProcessingJob:
        """Uploads as a form, or JSON with names of the image store. The order is kept throughout.

        An image that cannot be read, or is too large, fails alone when its turn comes.
        """
        if not idempotency_key:
            await parts.jobs.check_room()
        asked = Asked()
        kept = False
        try:
            if (find_header(request.scope, b"content-type") or b"").startswith(b"application/json"):
                asked = await submission_form.read_json(parts, request.scope, request.receive)
            else:
                await submission_form.read_form(parts, request.scope, request.receive, asked)
            spec, items, store = await submission_form.specify(parts, asked)
            wanted = Submission(spec, items, store, actor(request.scope), idempotency_key)
            job, kept = await parts.jobs.submit(wanted)
        finally:
            if not kept:
                await parts.sweeper.discard(asked.keys)
        shown = job_presenting.job(job, public_base(request.scope), store_results=store)
        response.headers["Location"] = shown.url
        return shown

    @router.get("/v1/jobs", summary="Jobs, newest first")
    async def list_jobs(
        request: Request,
        state: Annotated[list[JobState], Query(max_length=5)] = [],  # noqa: B006
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> Page[ProcessingJob]:
        before = None if cursor is None else cast("int", decode_cursor(cursor, int)[0])
        rows, stored = await parts.jobs.page(before, limit + 1, state)
        base = public_base(request.scope)
        items = [job_presenting.job(row, base, store_results=row.id in stored) for row in rows[:limit]]
        return Page(items=items, next_cursor=encode_cursor(rows[limit - 1].id) if len(rows) > limit else None)

    @router.get(
        "/v1/jobs/{job_id}",
        summary="How far a job is, with a page of its images",
        response_model=ProcessingJobDetail,
    )
    async def get_job(
        job_id: JobId,
        request: Request,
        limit: Limit = 100,
        cursor: Cursor = None,
        state: Annotated[ItemState | None, Query(description="images in this state alone")] = None,
        wait: Wait = 0,
    ) -> Response:
        """Images in the order of the upload. `expires_at` says when the job and its bytes are swept."""
        after = -1 if cursor is None else cast("int", decode_cursor(cursor, int)[0])
        job, store = await parts.watch.until(
            lambda: parts.jobs.get(job_id), lambda found: found[0].ended, wait
        )
        items = await parts.jobs.items(job_id, after, limit + 1, state)
        following = encode_cursor(items[limit - 1].index) if len(items) > limit else None
        shown = job_presenting.detail(
            job, public_base(request.scope), store_results=store, items=items[:limit], next_cursor=following
        )
        # written as it is: to look at each of a thousand items once more costs as much as all before
        return Response(shown.model_dump_json(), media_type="application/json")

    @router.get("/v1/jobs/{job_id}/items/{index}", summary="One image of a job")
    async def get_job_item(job_id: JobId, index: Index, request: Request, wait: Wait = 0) -> JobItem:
        job, item = await parts.watch.until(
            lambda: parts.jobs.item(job_id, index), lambda found: found[1].ended, wait
        )
        return job_presenting.item(item, job, public_base(request.scope))

    _add_changes(router, parts)
    return router


def _add_changes(router: APIRouter, parts: Parts) -> None:
    @router.delete("/v1/jobs/{job_id}", summary="Cancel a job")
    async def cancel_job(job_id: JobId, request: Request) -> ProcessingJob:
        """Nothing further is begun; results that are there stay until the job is swept."""
        job = await parts.jobs.cancel(job_id)
        _, store = await parts.jobs.get(job_id)
        return job_presenting.job(job, public_base(request.scope), store_results=store)

    @router.post("/v1/jobs/{job_id}/retry", status_code=202, summary="Try failed images again")
    async def retry_job(job_id: JobId, request: Request) -> ProcessingJob:
        """Failed and cancelled images of an ended job wait again; finished ones stay as they are."""
        job = await parts.jobs.retry(job_id)
        _, store = await parts.jobs.get(job_id)
        return job_presenting.job(job, public_base(request.scope), store_results=store)

    @router.post("/v1/jobs/{job_id}/store", status_code=202, summary="Put the results into the image store")
    async def store_job(job_id: JobId, request: Request) -> ProcessingJob:
        """Of an ended job. Done again, it stores only what is not there; items tell the names."""
        job = await parts.jobs.store(job_id)
        return job_presenting.job(job, public_base(request.scope), store_results=True)
