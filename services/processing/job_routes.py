"""HTTP for jobs: submit, list, look at, cancel, try again, store."""

from typing import Annotated, cast

from fastapi import APIRouter, Header, Query, Request, Response

from services.processing import job_presenting, submission_form
from services.processing.item_row import ENDED
from services.processing.job_schema import ACCEPTED, BODY, Cursor, Index, JobId, Limit, Wait
from services.processing.jobs import Submission
from services.processing.parts import Parts
from services.processing.submission_form import Asked
from shared.contracts.pages import Page
from shared.contracts.processing import ItemState, JobItem, ProcessingJob, ProcessingJobDetail
from shared.jobs import JobState
from shared.web.caller import actor, public_base
from shared.web.cursors import decode_cursor, encode_cursor
from shared.web.middleware import find_header

Key = Annotated[
    str | None, Header(max_length=255, description="sent again with the same job, gives that job")
]


def job_router(parts: Parts) -> APIRouter:
    """Jobs as a whole."""
    router = APIRouter(tags=["jobs"])
    _add_submission(router, parts)
    _add_list(router, parts)
    _add_looks(router, parts)
    _add_changes(router, parts)
    return router


def _add_submission(router: APIRouter, parts: Parts) -> None:
    @router.post(
        "/v1/jobs", status_code=202, summary="Process many images", openapi_extra=BODY, responses=ACCEPTED
    )
    async def submit_job(request: Request, response: Response, idempotency_key: Key = None) -> ProcessingJob:
        """Uploads as a form, or JSON with names of the image store. The order is kept throughout.

        An image that cannot be read, or is too large, fails alone when its turn comes.
        """
        if not idempotency_key:
            await parts.jobs.check_room()
        with parts.expecting():
            shown = await _submit(parts, request, idempotency_key)
        response.headers["Location"] = shown.url
        return shown


async def _submit(parts: Parts, request: Request, key: str | None) -> ProcessingJob:
    """The job. Bytes of one that does not come about, or was there already, are thrown away."""
    asked = Asked()
    kept = False
    try:
        if (find_header(request.scope, b"content-type") or b"").startswith(b"application/json"):
            asked = await submission_form.read_json(parts, request.scope, request.receive)
        else:
            await submission_form.read_form(parts, request.scope, request.receive, asked)
        spec, items, store = await submission_form.specify(parts, asked)
        job, kept = await parts.jobs.submit(Submission(spec, items, store, actor(request.scope), key))
    finally:
        if not kept:
            await parts.sweeper.discard(asked.keys)
    return job_presenting.job(job, public_base(request.scope), store_results=store)


def _add_list(router: APIRouter, parts: Parts) -> None:
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


def _add_looks(router: APIRouter, parts: Parts) -> None:
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
        rows = await parts.jobs.items(job_id, after, limit + 1, state)
        following = encode_cursor(rows[limit - 1].position) if len(rows) > limit else None
        shown = job_presenting.detail(
            job, public_base(request.scope), store_results=store, items=rows[:limit], next_cursor=following
        )
        return Response(shown, media_type="application/json")

    @router.get("/v1/jobs/{job_id}/items/{index}", summary="One image of a job")
    async def get_job_item(job_id: JobId, index: Index, request: Request, wait: Wait = 0) -> JobItem:
        job, row = await parts.watch.until(
            lambda: parts.jobs.shown_item(job_id, index), lambda found: found[1].state in ENDED, wait
        )
        return job_presenting.item(row, job, public_base(request.scope))


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
