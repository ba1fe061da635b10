"""HTTP for making archives and share links: calls that need a key."""

from typing import Any, cast

from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from services.imagestore import presenting
from services.imagestore.archives import Entry, stream_zip
from services.imagestore.parameters import Cursor, Limit, RowId
from services.imagestore.parts import Parts
from services.imagestore.service import ImageNotFound
from shared.contracts.imagestore import ArchiveRequest, Link, NewLink
from shared.contracts.pages import Page
from shared.web.caller import actor, public_root
from shared.web.content import disposition
from shared.web.cursors import decode_cursor, encode_cursor

ZIP: dict[int | str, dict[str, Any]] = {
    200: {"description": "The archive", "content": {"application/zip": {"schema": {"type": "string"}}}}
}


def zip_response(parts: Parts, entries: list[Entry], filename: str) -> StreamingResponse:
    """The entries as a ZIP on its way."""
    stream = stream_zip(entries, parts.contents.pieces)
    headers = {"Content-Disposition": disposition(filename, attachment=True).decode()}
    return StreamingResponse(stream, media_type="application/zip", headers=headers)


def sharing_router(parts: Parts) -> APIRouter:
    """Archives, and links: make, list, revoke."""
    router = APIRouter(tags=["sharing"])

    @router.post(
        "/v1/archives", summary="A ZIP of many images", response_class=StreamingResponse, responses=ZIP
    )
    async def make_archive(wanted: ArchiveRequest) -> StreamingResponse:
        """Streamed. Names that do not exist, or cannot be read, are listed in ERRORS.txt in the ZIP."""
        names = list(dict.fromkeys(wanted.names))
        found = await parts.catalogue.find_many(names)
        if not found:
            raise ImageNotFound("none of these images exists", names=names[:20])
        entries: list[Entry] = [(name, found[name].facts if name in found else None) for name in names]
        return zip_response(parts, entries, wanted.filename)

    @router.post("/v1/links", status_code=201, summary="Share images by a link")
    async def make_link(wanted: NewLink, request: Request) -> Link:
        """Whoever has the link sees these images, and nothing else, until it ends or is revoked."""
        link = await parts.links.make(wanted, actor(request.scope))
        return presenting.link(link, public_root(request.scope))

    @router.get("/v1/links", summary="Share links, newest first")
    async def list_links(request: Request, limit: Limit = 100, cursor: Cursor = None) -> Page[Link]:
        before = None if cursor is None else cast("int", decode_cursor(cursor, int)[0])
        rows = await parts.links.page(before, limit + 1)
        root = public_root(request.scope)
        return Page(
            items=[presenting.link(row, root) for row in rows[:limit]],
            next_cursor=encode_cursor(rows[limit - 1].id) if len(rows) > limit else None,
        )

    @router.delete("/v1/links/{link_id}", status_code=204, summary="Revoke a share link")
    async def revoke_link(link_id: RowId, request: Request) -> None:
        await parts.links.revoke(link_id, actor(request.scope))

    return router
