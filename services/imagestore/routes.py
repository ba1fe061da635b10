"""HTTP for the catalogue: find, show, change and remove images."""

import re
from datetime import datetime
from typing import Annotated, Any, cast

from fastapi import APIRouter, Header, Path, Query, Request, Response

from services.imagestore import presenting
from services.imagestore.parts import Parts
from services.imagestore.repository import ImageRow, Search, sort_key
from shared.contracts.imagestore import ExifEntry, Image, ImageChange, ImageVersion, Landmarks, Sort, TagCount
from shared.contracts.pages import Page
from shared.database.types import EPOCH, MICROSECOND
from shared.errors import BadRequest, Unprocessable
from shared.web.caller import actor, public_base
from shared.web.content import matches
from shared.web.cursors import MAX_INTEGER, decode_cursor, encode_cursor

Name = Annotated[str, Path(description="the image's name", examples=["sunset.jpg"])]
Digest = Annotated[
    str | None,
    Query(description="this very content, current or earlier; its bytes may then be cached for ever"),
]
RowId = Annotated[int, Path(ge=1, le=MAX_INTEGER)]
Limit = Annotated[int, Query(ge=1, le=1000)]
DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})")
Cursor = Annotated[str | None, Query(description="next_cursor of the page before")]
IfMatch = Annotated[str | None, Header(description="the ETag that the image must still have")]


def catalogue_router(parts: Parts) -> APIRouter:
    """Search, metadata, tags and versions."""
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

    @router.get("/v1/tags", summary="Every tag in use")
    async def list_tags() -> Page[TagCount]:
        counts = await parts.catalogue.tag_counts()
        return Page(items=[TagCount(tag=tag, images=count) for tag, count in counts])

    return router


def plain_digest(given: str | None) -> str | None:
    """The hexadecimal digits of a digest. Raises Unprocessable `invalid_digest`."""
    if given is None:
        return None
    found = DIGEST.fullmatch(given)
    if found is None:
        raise Unprocessable("digest: 64 hexadecimal digits of a SHA-256", code="invalid_digest")
    return found.group(1)


def _row_condition(if_match: str | None) -> Any:
    if if_match is None:
        return None
    return lambda row: matches(if_match.encode(), presenting.row_etag(row).encode())


def _place(cursor: str, sort: Sort) -> tuple[Any, int]:
    kind = str if sort.endswith("name") else int
    key, row_id = decode_cursor(cursor, kind, int)
    if sort.endswith("_at"):
        return moment_of(cast("int", key)), cast("int", row_id)
    return key, cast("int", row_id)


def _cursor_after(row: ImageRow, sort: Sort) -> str:
    return _cursor(sort_key(row, sort), row.id, sort)


def _cursor(key: Any, row_id: int, sort: Sort) -> str:
    return encode_cursor((key - EPOCH) // MICROSECOND if sort.endswith("_at") else key, row_id)


def moment_of(microseconds: int) -> datetime:
    """The moment that a cursor names. Raises BadRequest `invalid_cursor`."""
    try:
        return EPOCH + microseconds * MICROSECOND
    except OverflowError:
        raise BadRequest("the cursor is not one of ours; begin without one", code="invalid_cursor") from None
