"""HTTP for one image of the catalogue: show, change and remove it."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response

from services.imagestore import presenting
from services.imagestore.parameters import Digest, IfMatch, Name, plain_digest
from services.imagestore.parts import Parts
from shared.contracts.imagestore import ExifEntry, Image, ImageChange, ImageVersion
from shared.contracts.pages import Page
from shared.web.caller import actor, public_base
from shared.web.content import matches


def image_router(parts: Parts) -> APIRouter:
    """Metadata, tags, versions and EXIF."""
    router = APIRouter(tags=["images"])

    @router.get("/v1/images/{name}", summary="What is known of an image")
    async def get_image(
        name: Name,
        request: Request,
        response: Response,
        if_none_match: Annotated[str | None, Header()] = None,
    ) -> Image:
        row = await parts.catalogue.get(name)
        etag = presenting.row_etag(row)
        response.headers["ETag"] = etag
        if if_none_match is not None and matches(if_none_match.encode(), etag.encode()):
            response.status_code = 304
        return presenting.image(row, public_base(request.scope))

    @router.patch("/v1/images/{name}", summary="Rename, or change the tags")
    async def change_image(
        name: Name, wanted: ImageChange, request: Request, response: Response, if_match: IfMatch = None
    ) -> Image:
        row = await parts.catalogue.change(name, wanted, _row_condition(if_match), actor(request.scope))
        response.headers["ETag"] = presenting.row_etag(row)
        return presenting.image(row, public_base(request.scope))

    @router.delete("/v1/images/{name}", status_code=204, summary="Move an image to the trash")
    async def delete_image(name: Name, request: Request) -> None:
        await parts.catalogue.delete(name, actor(request.scope))

    @router.get("/v1/images/{name}/versions", summary="Every content the name has had, newest first")
    async def list_versions(name: Name, request: Request) -> Page[ImageVersion]:
        row, versions = await parts.catalogue.versions(name)
        base = public_base(request.scope)
        return Page(items=[presenting.version(version, row.name, base) for version in versions])

    @router.get("/v1/images/{name}/exif", summary="What the camera wrote into an image, as text")
    async def list_exif(name: Name, digest: Digest = None) -> Page[ExifEntry]:
        """EXIF, entry by entry; empty where there is none. The thumbnail inside and places in the file
        are left out.
        """
        facts = await parts.catalogue.content(name, plain_digest(digest))
        items = [
            ExifEntry(group=fact.group, name=fact.name, value=fact.value)
            for fact in await parts.contents.exif(facts)
        ]
        return Page(items=items)

    return router


def _row_condition(if_match: str | None) -> Any:
    if if_match is None:
        return None
    return lambda row: matches(if_match.encode(), presenting.row_etag(row).encode())
