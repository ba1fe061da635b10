"""HTTP behind a share link: no key, and nothing to be reached but the link's own images."""

import base64
import binascii
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.imagestore import share_page
from services.imagestore.content_routes import CONTENT_ANSWERS, read_spec, varying
from services.imagestore.link_repository import LinkRow
from services.imagestore.link_routes import ZIP, zip_response
from services.imagestore.links import LinkNotFound, PasswordNeeded, earned_pass, shared_image
from services.imagestore.parts import Parts
from shared.contracts.imagestore import SharedImage, SharedImages
from shared.errors import DarkroomError, TooManyRequests
from shared.web.bodies import read_whole
from shared.web.caller import public_root
from shared.web.content import Content, send_content

Token = Annotated[str, Path(min_length=8, max_length=64)]
Position = Annotated[int, Path(ge=1, description="the image's place in the link, from 1")]
PASS_COOKIE = "darkroom_link"  # noqa: S105 - its name, not its value
FORM_BYTES = 4096


class ContentResponse(Response):
    """A Content as FastAPI routes return it."""

    def __init__(self, content: Content) -> None:
        super().__init__()
        self._content = content

    async def __call__(self, scope, receive, send) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        """Answer with the content."""
        await send_content(self._content, scope, receive, send)


def share_router(parts: Parts) -> APIRouter:
    """`/s/{token}`: the way in."""
    router = APIRouter(tags=["shared"])

    @router.get(
        "/s/{token}",
        summary="What a link shares: a page for people, bytes or JSON for programs",
        response_model=SharedImages,
        responses={200: {"content": {"text/html": {}, "image/*": {}}}},
    )
    async def open_link(token: Token, request: Request) -> Response:
        """A browser gets a page; a program the image's bytes if it is one, else the list of images."""
        try:
            link = await _admit(parts, token, request)
        except DarkroomError as error:
            if not _wants_page(request):
                raise
            return _page_for(error, token)
        if _wants_page(request):
            return HTMLResponse(share_page.gallery(link), headers=share_page.HEADERS)
        if len(link.images) == 1:
            return await _serve(parts, link, link.images[0].position, attachment=False)
        items = _as_list(link, public_root(request.scope))
        return Response(items.model_dump_json(), media_type="application/json")

    @router.post("/s/{token}", summary="Give a link's password, from its page", include_in_schema=False)
    async def give_password(token: Token, request: Request) -> Response:
        body = await read_whole(request.scope, request.receive, FORM_BYTES)
        password = parse_qs(body.decode("utf-8", "replace")).get("password", [""])[0]
        try:
            link = await parts.links.open(token, password, None)
        except DarkroomError as error:
            return _page_for(error, token)
        answer = RedirectResponse(f"/s/{token}", status_code=303)
        secure = public_root(request.scope).startswith("https:")
        answer.set_cookie(
            PASS_COOKIE, earned_pass(link), path=f"/s/{token}", httponly=True, samesite="lax", secure=secure
        )
        return answer

    return router


def shared_bytes_router(parts: Parts) -> APIRouter:
    """The images behind a link, each and all."""
    router = APIRouter(tags=["shared"])

    @router.get("/s/{token}/images.zip", summary="All images of a link", responses=ZIP, response_model=None)
    async def shared_archive(token: Token, request: Request) -> Response:
        link = await _admit(parts, token, request)
        entries = [(image.name, image.facts) for image in link.images]
        return zip_response(parts, list(entries), f"{link.title or 'images'}.zip")

    @router.get(
        "/s/{token}/{position}", summary="One image of a link", responses=CONTENT_ANSWERS, response_model=None
    )
    async def shared_content(
        token: Token, position: Position, request: Request, download: Annotated[bool, Query()] = False
    ) -> Response:
        link = await _admit(parts, token, request)
        return await _serve(parts, link, position, attachment=download)

    @router.get(
        "/s/{token}/{position}/rendition",
        summary="One image of a link, resized or converted",
        responses=CONTENT_ANSWERS,
        response_model=None,
    )
    async def shared_rendition(token: Token, position: Position, request: Request) -> Response:
        """Takes width, height, fit, format and quality, as the rendition of an image does."""
        link = await _admit(parts, token, request)
        image = shared_image(link, position)
        spec = read_spec(dict(request.query_params), request.scope, image.facts.media_type)
        content = await parts.renditions.find(image.facts, image.name, spec, immutable=False)
        return ContentResponse(varying(content))

    return router


async def _admit(parts: Parts, token: str, request: Request) -> LinkRow:
    password = _basic_password(request.headers.get("authorization", ""))
    return await parts.links.open(token, password, request.cookies.get(PASS_COOKIE))


async def _serve(parts: Parts, link: LinkRow, position: int, *, attachment: bool) -> Response:
    image = shared_image(link, position)
    content = await parts.contents.load(image.facts, image.name, immutable=False, attachment=attachment)
    return ContentResponse(content)


def _basic_password(header: str) -> str | None:
    """The password of HTTP Basic authentication; the user's name does not matter."""
    scheme, _, word = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(word, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return None


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _page_for(error: DarkroomError, token: str) -> Response:
    if isinstance(error, PasswordNeeded | TooManyRequests):
        said = "" if error.code == "password_required" else f"{error.detail[:1].upper()}{error.detail[1:]}."
        page = share_page.password_form(token, said)
    elif isinstance(error, LinkNotFound):
        page = share_page.gone()
    else:
        raise error
    return HTMLResponse(page, error.status, {**share_page.HEADERS, **error.headers})


def _as_list(link: LinkRow, root: str) -> SharedImages:
    base = f"{root}/s/{link.token}"
    items = [
        SharedImage(
            name=image.name,
            size=image.facts.size,
            media_type=image.facts.media_type,
            width=image.facts.width,
            height=image.facts.height,
            content_url=f"{base}/{image.position}",
            rendition_url=f"{base}/{image.position}/rendition",
        )
        for image in link.images
    ]
    return SharedImages(title=link.title, expires_at=link.expires_at, items=items)
