"""HTTP for the jobs that import datasets."""

from typing import cast

from fastapi import APIRouter

from services.tagging.dataset_routes import Cursor, DatasetId, Limit
from services.tagging.parts import Parts
from shared.contracts.jobs import JobView, job_view
from shared.contracts.pages import Page
from shared.web.cursors import decode_cursor, encode_cursor


def job_router(parts: Parts) -> APIRouter:
    """Imports under way and ended."""
    router = APIRouter(tags=["jobs"])

    @router.get("/v1/jobs", summary="Imports, newest first")
    async def list_jobs(limit: Limit = 100, cursor: Cursor = None) -> Page[JobView]:
        before = None if cursor is None else cast("int", decode_cursor(cursor, int)[0])
        jobs = await parts.database.read(lambda c: parts.board.page(c, limit=limit + 1, before=before))
        following = encode_cursor(jobs[limit - 1].id) if len(jobs) > limit else None
        return Page(items=[job_view(job) for job in jobs[:limit]], next_cursor=following)

    @router.get("/v1/jobs/{job_id}", summary="An import and how far it is")
    async def get_job(job_id: DatasetId) -> JobView:
        return job_view(await parts.database.read(lambda c: parts.board.find(c, job_id)))

    @router.delete("/v1/jobs/{job_id}", summary="Cancel an import")
    async def cancel_job(job_id: DatasetId) -> JobView:
        """The dataset that it was making is gone then."""
        job = await parts.database.write(lambda c: parts.board.cancel(c, job_id))
        parts.runner.wake(job_id)
        await parts.imports.abandon_ended()  # one that was only waiting: nobody else cleans up after it
        return job_view(job)

    return router
