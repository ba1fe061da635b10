"""HTTP for datasets: listed, changed, deleted."""

import asyncio
from typing import Annotated, cast

from fastapi import APIRouter, Path, Query, Request

from services.tagging import presenting
from services.tagging.parts import Parts
from shared.contracts.pages import Page
from shared.contracts.tagging import Dataset, DatasetChange
from shared.web.caller import actor
from shared.web.cursors import MAX_INTEGER, decode_cursor, encode_cursor

DatasetId = Annotated[int, Path(ge=1, le=MAX_INTEGER)]
Limit = Annotated[int, Query(ge=1, le=1000)]
Cursor = Annotated[str | None, Query(description="next_cursor of the page before")]


def dataset_router(parts: Parts) -> APIRouter:
    """Datasets as they are."""
    router = APIRouter(tags=["datasets"])

    @router.get("/v1/datasets", summary="Datasets, newest first")
    async def list_datasets(limit: Limit = 100, cursor: Cursor = None) -> Page[Dataset]:
        before = None if cursor is None else cast("int", decode_cursor(cursor, int)[0])
        rows = await parts.datasets.page(before, limit + 1)
        following = encode_cursor(rows[limit - 1].id) if len(rows) > limit else None
        return Page(items=[presenting.dataset(row) for row in rows[:limit]], next_cursor=following)

    @router.get("/v1/datasets/{dataset_id}", summary="A dataset with counts and progress")
    async def get_dataset(dataset_id: DatasetId) -> Dataset:
        return presenting.dataset(await parts.datasets.get(dataset_id))

    @router.patch("/v1/datasets/{dataset_id}", summary="Rename; change keys, selection or autosave")
    async def change_dataset(dataset_id: DatasetId, wanted: DatasetChange, request: Request) -> Dataset:
        row = await parts.datasets.change(dataset_id, wanted, actor(request.scope))
        parts.autosave.learn(row)
        return presenting.dataset(row)

    @router.delete("/v1/datasets/{dataset_id}", status_code=204, summary="Forget a dataset")
    async def delete_dataset(dataset_id: DatasetId, request: Request) -> None:
        """Its CSV and its images stay as they are."""
        row = await parts.datasets.delete(dataset_id, actor(request.scope))
        parts.autosave.forget(dataset_id)
        if row.state == "importing" and row.job_id is not None:
            job_id = row.job_id
            await parts.database.write(lambda c: parts.board.cancel(c, job_id))
            parts.runner.wake(job_id)
        await asyncio.to_thread(parts.shelf.remove, row.content_id)

    return router
