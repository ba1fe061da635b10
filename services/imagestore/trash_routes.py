"""HTTP for the trash: what was deleted, and the way back."""

from typing import Annotated, Any, cast

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.imagestore import presenting
from services.imagestore.content_routes import CONTENT_ANSWERS, read_spec, varying
from services.imagestore.moments import moment_of
from services.imagestore.parameters import Cursor, Limit, RowId
from services.imagestore.parts import Parts
from services.imagestore.repository import ImageRow
from services.imagestore.service import facts_of
from services.imagestore.share_routes import ContentResponse
from shared.contracts.imagestore import Image, Purged, Restore, TrashedImage
from shared.contracts.pages import Page
from shared.database.types import microseconds
from shared.web.caller import actor, public_base
from shared.web.cursors import decode_cursor, encode_cursor


def trash_router(parts: Parts) -> APIRouter:
    """List, look, restore, purge."""
    router = APIRouter(tags=["trash"])

    @router.get("/v1/trash", summary="Deleted images that can still be brought back")
    async def list_trash(
        limit: Limit = 100,
        cursor: Cursor = None,
        name: Annotated[str | None, Query(max_length=255, description="only those of this name")] = None,
    ) -> Page[TrashedImage]:
        """What was deleted last comes first."""
        before = None
        if cursor is not None:
            moment, row_id = decode_cursor(cursor, int, int)
            before = (moment_of(cast("int", moment)), cast("int", row_id))
        rows = await parts.catalogue.trash(before, limit + 1, name)
        following = _cursor_after(rows[limit - 1]) if len(rows) > limit else None
        return Page(items=[_trashed(parts, row) for row in rows[:limit]], next_cursor=following)

    @router.get(
        "/v1/trash/{image_id}/rendition",
        summary="A deleted image, smaller",
        responses=CONTENT_ANSWERS,
        response_model=None,
    )
    async def trashed_rendition(image_id: RowId, request: Request) -> Response:
        """Takes width, height, fit, format and quality, as the rendition of an image does."""
        row = await parts.catalogue.trashed(image_id)
        spec = read_spec(dict(request.query_params), request.scope, row.facts.media_type)
        content = await parts.renditions.find(row.facts, row.name, spec, immutable=False)
        return ContentResponse(varying(content))

    @router.post("/v1/trash/{image_id}/restore", summary="Bring a deleted image back")
    async def restore_image(image_id: RowId, request: Request, wanted: Restore | None = None) -> Image:
        name = wanted.name if wanted else None
        row = await parts.catalogue.restore(image_id, name, actor(request.scope))
        return presenting.image(row, public_base(request.scope))

    @router.delete("/v1/trash/{image_id}", status_code=204, summary="Remove a deleted image for good")
    async def purge_image(image_id: RowId, request: Request) -> None:
        await parts.catalogue.purge(image_id, actor(request.scope))

    @router.delete("/v1/trash", summary="Remove all deleted images for good")
    async def empty_trash(request: Request) -> Purged:
        """What is deleted while this runs stays."""
        return Purged(purged=await parts.catalogue.empty_trash(actor(request.scope)))

    return router


def _trashed(parts: Parts, row: ImageRow) -> TrashedImage:
    return TrashedImage(
        **facts_of(row).model_dump(),
        id=row.id,
        deleted_at=cast("Any", row.deleted_at),
        kept_until=parts.catalogue.kept_until(row),
    )


def _cursor_after(row: ImageRow) -> str:
    return encode_cursor(microseconds(cast("Any", row.deleted_at)), row.id)
