"""HTTP for finding images: pages, where they begin, and the tags in use."""

from typing import Annotated, Any, cast

from fastapi import APIRouter, Query, Request

from services.imagestore import presenting
from services.imagestore.moments import moment_of
from services.imagestore.parameters import Cursor, Limit
from services.imagestore.parts import Parts
from services.imagestore.repository import ImageRow, Search, sort_key
from shared.contracts.imagestore import Image, Landmarks, Sort, TagCount
from shared.contracts.pages import Page
from shared.database.types import microseconds
from shared.web.caller import public_base
from shared.web.cursors import decode_cursor, encode_cursor


def search_router(parts: Parts) -> APIRouter:
    """Search, and what it goes by."""
    router = APIRouter(tags=["images"])

    @router.get("/v1/images", summary="Find images")
    async def list_images(
        request: Request,
        prefix: Annotated[str, Query(max_length=255, description="what the name begins with")] = "",
        q: Annotated[str, Query(max_length=255, description="part of the name or of a tag")] = "",
        tag: Annotated[list[str], Query(max_length=20, description="a tag; several must all be there")] = [],  # noqa: B006
        sort: Sort = "-created_at",
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> Page[Image]:
        """Pages stay right while images come and go: each goes on behind the last image of the one before."""
        after = None if cursor is None else _place(cursor, sort)
        rows = await parts.catalogue.search(Search(prefix, q, tuple(tag), sort, after, limit + 1))
        base = public_base(request.scope)
        following = _cursor_after(rows[limit - 1], sort) if len(rows) > limit else None
        return Page(items=[presenting.image(row, base) for row in rows[:limit]], next_cursor=following)

    @router.get("/v1/landmarks", summary="Where the pages of a search begin")
    async def list_landmarks(
        prefix: Annotated[str, Query(max_length=255, description="as for images")] = "",
        q: Annotated[str, Query(max_length=255, description="as for images")] = "",
        tag: Annotated[list[str], Query(max_length=20, description="as for images")] = [],  # noqa: B006
        sort: Sort = "-created_at",
        every: Annotated[int, Query(ge=20, le=1000, description="images between two landmarks")] = 100,
        at: Annotated[str | None, Query(max_length=255, description="an image to find the place of")] = None,
    ) -> Landmarks:
        """For whoever shows a long list and wants any part of it at once, not page after page."""
        found = await parts.catalogue.landmarks(Search(prefix, q, tuple(tag), sort), every, at)
        cursors = [_cursor(key, row_id, sort) for key, row_id in found.places]
        return Landmarks(total=found.total, every=every, cursors=cursors, at=found.at)

    @router.get("/v1/tags", summary="Every tag in use")
    async def list_tags() -> Page[TagCount]:
        counts = await parts.catalogue.tag_counts()
        return Page(items=[TagCount(tag=tag, images=count) for tag, count in counts])

    return router


def _place(cursor: str, sort: Sort) -> tuple[Any, int]:
    kind = str if sort.endswith("name") else int
    key, row_id = decode_cursor(cursor, kind, int)
    if sort.endswith("_at"):
        return moment_of(cast("int", key)), cast("int", row_id)
    return key, cast("int", row_id)


def _cursor_after(row: ImageRow, sort: Sort) -> str:
    return _cursor(sort_key(row, sort), row.id, sort)


def _cursor(key: Any, row_id: int, sort: Sort) -> str:
    return encode_cursor(microseconds(key) if sort.endswith("_at") else key, row_id)
