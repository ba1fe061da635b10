"""HTTP for work that takes longer than a request: scans, copies, and the jobs that they are."""

from typing import Annotated, Literal, cast

from fastapi import APIRouter, Header, Path, Query, Request, Response

from services.sdcard.camera_routes import CameraId, Cursor
from services.sdcard.parts import Parts
from shared.contracts.jobs import JobView, job_view
from shared.contracts.pages import Page
from shared.contracts.sdcard import NewCopy, NewScan
from shared.jobs import Job
from shared.web.caller import actor, public_base
from shared.web.cursors import MAX_INTEGER, decode_cursor, encode_cursor

JobId = Annotated[int, Path(ge=1, le=MAX_INTEGER)]
Limit = Annotated[int, Query(ge=1, le=1000)]
IdempotencyKey = Annotated[
    str | None,
    Header(min_length=1, max_length=255, description="a request that is sent again makes no second job"),
]
Wait = Annotated[float, Query(ge=0, le=25, description="seconds to wait for its end")]


def work_router(parts: Parts) -> APIRouter:
    """Scans and copies begin here; their progress is told by events too."""
    router = APIRouter(tags=["jobs"])
    work = parts.work

    @router.post("/v1/cameras/{camera_id}/scans", status_code=202, summary="Read what is in the clips")
    async def start_scan(
        camera_id: CameraId,
        wanted: NewScan,
        request: Request,
        response: Response,
        idempotency_key: IdempotencyKey = None,
    ) -> JobView:
        """Properties and thumbnails of an hour, a date or the whole card, newest first. What is known of
        a clip that has not changed is not read again."""
        row = await parts.registry.get(camera_id)
        job = await work.start_scan(row, wanted, actor(request.scope), idempotency_key)
        return _answer(job, request, response)

    @router.post(
        "/v1/cameras/{camera_id}/copies", status_code=202, summary="Copy key frames to the image store"
    )
    async def start_copy(
        camera_id: CameraId,
        wanted: NewCopy,
        request: Request,
        response: Response,
        idempotency_key: IdempotencyKey = None,
    ) -> JobView:
        """One JPEG a clip, named after camera, date, hour and clip; the job's result lists the names."""
        row = await parts.registry.get(camera_id)
        job = await work.start_copy(row, wanted, actor(request.scope), idempotency_key)
        return _answer(job, request, response)

    return router


def job_router(parts: Parts) -> APIRouter:
    """The jobs that scans and copies are."""
    router = APIRouter(tags=["jobs"])
    work = parts.work

    @router.get("/v1/jobs", summary="Jobs, newest first")
    async def list_jobs(
        state: Annotated[
            list[Literal["waiting", "running", "finished", "failed", "cancelled"]], Query()
        ] = [],  # noqa: B006
        camera: Annotated[str | None, Query(pattern=r"^[A-Za-z0-9_-]{1,63}$")] = None,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> Page[JobView]:
        before = None if cursor is None else cast("int", decode_cursor(cursor, int)[0])
        found = await work.page(limit + 1, before, state, camera)
        items = [job_view(job) for job in found[:limit]]
        return Page(items=items, next_cursor=encode_cursor(items[-1].id) if len(found) > limit else None)

    @router.get("/v1/jobs/{job_id}", summary="How far a job is")
    async def get_job(job_id: JobId, wait: Wait = 0.0) -> JobView:
        return job_view(await work.get(job_id, wait))

    @router.delete("/v1/jobs/{job_id}", summary="Cancel a job")
    async def cancel_job(job_id: JobId) -> JobView:
        """What has been read is kept. A job that has ended stays as it is."""
        return job_view(await work.cancel(job_id))

    @router.post("/v1/jobs/{job_id}/retry", status_code=202, summary="Run an ended job again")
    async def retry_job(job_id: JobId, request: Request, response: Response) -> JobView:
        """What is known already is not read again."""
        return _answer(await work.retry(job_id), request, response)

    return router


def _answer(job: Job, request: Request, response: Response) -> JobView:
    response.headers["Location"] = f"{public_base(request.scope)}/v1/jobs/{job.id}"
    return job_view(job)
