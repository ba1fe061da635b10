"""HTTP for rows: pages by filter, frames, clips, single rows."""

from typing import Annotated, cast

from fastapi import APIRouter, Header, Path, Query, Response

from services.tagging import presenting
from services.tagging.dataset_routes import Cursor, DatasetId, Limit
from services.tagging.parts import Parts
from shared.contracts.pages import Page
from shared.contracts.tagging import Clip, CodeText, Frame, Row, RowFilter
from shared.web.content import matches
from shared.web.cursors import MAX_INTEGER, decode_cursor, encode_cursor

RowNumber = Annotated[int, Path(ge=0, le=MAX_INTEGER)]
From = Annotated[int, Query(alias="from", ge=0, le=MAX_INTEGER, description="the first row to look at")]
Codes = Annotated[list[CodeText], Query(max_length=1000)]


def row_router(parts: Parts) -> APIRouter:
    """What a dataset holds."""
    router = APIRouter(tags=["rows"])

    @router.get("/v1/datasets/{dataset_id}/rows", summary="Rows that fit, in order")
    async def list_rows(
        dataset_id: DatasetId,
        tag: Codes = [],  # noqa: B006
        not_tag: Codes = [],  # noqa: B006
        untagged: bool | None = None,
        clip: Annotated[str | None, Query(max_length=4096)] = None,
        camera: Annotated[str | None, Query(max_length=4096)] = None,
        q: Annotated[str | None, Query(min_length=1, max_length=255, pattern=r"^[^\x00]+$")] = None,
        begin: From = 0,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> Page[Row]:
        """All conditions have to hold. The next row without a tag: `untagged=true&from=<row>&limit=1`."""
        wanted = RowFilter(tag=tag, not_tag=not_tag, untagged=untagged, clip=clip, camera=camera, q=q)
        first = begin if cursor is None else cast("int", decode_cursor(cursor, int)[0])
        found = await parts.datasets.rows(dataset_id, wanted, max(first, 0), limit)
        items = [presenting.view(found.dataset, each) for each in found.rows]
        return Page(items=items, next_cursor=encode_cursor(items[-1].index + 1) if found.more else None)

    @router.get("/v1/datasets/{dataset_id}/rows/{index}", summary="One row with its tags")
    async def get_row(
        dataset_id: DatasetId,
        index: RowNumber,
        response: Response,
        if_none_match: Annotated[str | None, Header()] = None,
    ) -> Row:
        dataset, found = await parts.datasets.row(dataset_id, index)
        etag = presenting.row_etag(found.version)
        response.headers["ETag"] = etag
        if if_none_match is not None and matches(if_none_match.encode(), etag.encode()):
            response.status_code = 304
        return presenting.view(dataset, found)

    @router.get("/v1/datasets/{dataset_id}/frames", summary="Frames: rows of one moment, all cameras")
    async def list_frames(
        dataset_id: DatasetId,
        clip: Annotated[int | None, Query(ge=0, le=MAX_INTEGER, description="of this clip alone")] = None,
        begin: From = 0,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        cursor: Cursor = None,
    ) -> Page[Frame]:
        """From the frame on that holds row `from`."""
        first = begin if cursor is None else cast("int", decode_cursor(cursor, int)[0])
        dataset, frames, following = await parts.datasets.frames(dataset_id, clip, max(first, 0), limit)
        items = [presenting.frame(dataset, of, number, rows) for of, number, rows in frames]
        return Page(items=items, next_cursor=None if following is None else encode_cursor(following))

    @router.get("/v1/datasets/{dataset_id}/clips", summary="Clips in order")
    async def list_clips(dataset_id: DatasetId, limit: Limit = 1000, cursor: Cursor = None) -> Page[Clip]:
        after = -1 if cursor is None else cast("int", decode_cursor(cursor, int)[0])
        rows = await parts.datasets.clips(dataset_id, after, limit + 1)
        following = encode_cursor(rows[limit - 1].clip) if len(rows) > limit else None
        return Page(items=[presenting.clip(row) for row in rows[:limit]], next_cursor=following)

    return router
