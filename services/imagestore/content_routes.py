"""HTTP for bytes: contents and renditions, served without a framework in between."""

from functools import partial
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import FastAPI, Query
from starlette.types import Receive, Scope, Send

from services.imagestore.parameters import Digest, Name, plain_digest
from services.imagestore.parts import Parts
from services.imagestore.renditions import DEFAULT_QUALITY, MAX_SIDE, Fit, RenditionSpec
from shared.errors import Unprocessable
from shared.imaging import ImageFormat
from shared.imaging.negotiation import negotiate
from shared.web.content import Content, send_content
from shared.web.direct import add_direct
from shared.web.middleware import find_header

BINARY = {"schema": {"type": "string", "format": "binary"}}
CONTENT_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The bytes", "content": {"image/*": BINARY}},
    206: {"description": "The part that Range asked for", "content": {"image/*": BINARY}},
    304: {"description": "The content is the one of If-None-Match"},
}


def add_content_routes(app: FastAPI, parts: Parts) -> None:
    """Add `/content` and `/rendition` of an image to the app."""

    async def serve_content(scope: Scope, receive: Receive, send: Send) -> None:
        name: str = scope["path_params"]["name"]
        digest = plain_digest(_query(scope).get("digest")) if scope["query_string"] else None
        content = parts.contents.remembered(name, digest)
        if content is None:
            content = await parts.contents.find(name, digest)
        await send_content(content, scope, receive, send)

    async def serve_rendition(scope: Scope, receive: Receive, send: Send) -> None:
        name: str = scope["path_params"]["name"]
        query = _query(scope)
        digest = plain_digest(query.get("digest"))
        content = None
        if "format" in query:
            spec = read_spec(query, scope, "image/jpeg")  # whatever it is: only Accept would look at that
            look_up = partial(parts.catalogue.content_now, name, digest)
            content = await parts.renditions.find_named(name, digest, spec, look_up)
        if content is None:
            facts = await parts.catalogue.content(name, digest)
            spec = read_spec(query, scope, facts.media_type)
            content = await parts.renditions.find(facts, name, spec, immutable=digest is not None)
        await send_content(varying(content) if "format" not in query else content, scope, receive, send)

    def get_content(name: Name, digest: Digest = None) -> None:
        """The image's bytes as they were put in: Range, ETag, If-None-Match, HEAD."""

    def get_rendition(
        name: Name,
        width: Annotated[int | None, Query(ge=1, le=MAX_SIDE)] = None,
        height: Annotated[int | None, Query(ge=1, le=MAX_SIDE)] = None,
        fit: Fit = Fit.CONTAIN,
        format: Annotated[  # noqa: A002 - the contract's name
            str | None, Query(pattern="^(jpeg|png|webp|avif)$", description="by Accept unless given")
        ] = None,
        quality: Annotated[int, Query(ge=1, le=100)] = DEFAULT_QUALITY,
        digest: Digest = None,
    ) -> None:
        """The image smaller or in another format: upright, in sRGB, without metadata."""

    for path, direct, documentation, summary in (
        ("content", serve_content, get_content, "The image itself"),
        ("rendition", serve_rendition, get_rendition, "The image, resized or converted"),
    ):
        add_direct(
            app.router,
            f"/v1/images/{{name}}/{path}",
            direct,
            documentation,
            summary=summary,
            tags=["images"],
            responses=CONTENT_ANSWERS,
        )


def _query(scope: Scope) -> dict[str, str]:
    """Query parameters, the last of each name."""
    text = scope["query_string"].decode("ascii", "replace")
    return {name: values[-1] for name, values in parse_qs(text, keep_blank_values=True).items()}


def read_spec(query: dict[str, str], scope: Scope, media_type: str) -> RenditionSpec:
    """The rendition that query and Accept ask for. Raises Unprocessable `invalid_rendition`."""
    try:
        source = ImageFormat(media_type.removeprefix("image/"))
        accept = (find_header(scope, b"accept") or b"*/*").decode("latin-1")
        wanted = query.get("format")
        quality = _number(query.get("quality"))
        return RenditionSpec(
            width=_number(query.get("width")),
            height=_number(query.get("height")),
            fit=Fit(query.get("fit", Fit.CONTAIN)),
            format=ImageFormat("jpeg" if wanted == "jpg" else wanted)
            if wanted is not None
            else negotiate(accept, source),
            quality=DEFAULT_QUALITY if quality is None else quality,
        )
    except ValueError as error:
        raise Unprocessable(
            f"{error}; width, height and quality are whole numbers, fit one of {', '.join(Fit)}, "
            "format one of jpeg, png, webp, avif",
            code="invalid_rendition",
        ) from None


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)


def varying(content: Content) -> Content:
    """The same content, telling caches that another Accept may get another."""
    headers = (*content.headers, (b"vary", b"Accept"))
    return Content(content.size, content.etag, headers, content.data, content.chunks)
